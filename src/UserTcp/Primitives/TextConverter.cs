using System.ComponentModel;
using System.Globalization;

namespace UserTcp.Primitives;

/// <summary>Lets configuration binding read a value from text.</summary>
internal abstract class TextConverter : TypeConverter
{
    public sealed override bool CanConvertFrom(ITypeDescriptorContext? context, Type sourceType) =>
        sourceType == typeof(string) || base.CanConvertFrom(context, sourceType);

    public sealed override object? ConvertFrom(ITypeDescriptorContext? context, CultureInfo? culture, object value) =>
        value is string text ? Parse(text) : base.ConvertFrom(context, culture, value);

    /// <exception cref="FormatException">The text says nothing of the kind.</exception>
    protected abstract object Parse(string text);
}
