using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using UserTcp.Primitives;

namespace UserTcp;

/// <summary>
/// A range of ports, both ends included, written <c>32768-65535</c>. Immutable and thread-safe; configuration binding
/// reads it from text.
/// </summary>
/// <param name="First">The lowest port.</param>
/// <param name="Last">The highest port; not below <paramref name="First"/>.</param>
[TypeConverter(typeof(UserTcpPortRangeConverter))]
public readonly record struct UserTcpPortRange(ushort First, ushort Last) : IParsable<UserTcpPortRange>
{
    /// <summary>Reads <c>32768-65535</c>.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <returns>The range.</returns>
    /// <exception cref="FormatException">The text is not two ports in order.</exception>
    public static UserTcpPortRange Parse(string s, IFormatProvider? provider = null)
    {
        ArgumentNullException.ThrowIfNull(s);
        return TryParse(s, provider, out UserTcpPortRange result)
            ? result
            : throw new FormatException($"'{s}' is not a range of ports such as 32768-65535.");
    }

    /// <summary>Reads a range without throwing.</summary>
    /// <param name="s">The text.</param>
    /// <param name="provider">Not used.</param>
    /// <param name="result">The range, or the default value.</param>
    /// <returns>Whether the text is two ports in order.</returns>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out UserTcpPortRange result)
    {
        result = default;
        string[] ends = s?.Split('-', StringSplitOptions.TrimEntries) ?? [];
        if (ends.Length != 2 || !TryParsePort(ends[0], out ushort first) || !TryParsePort(ends[1], out ushort last)
            || last < first)
        {
            return false;
        }

        result = new UserTcpPortRange(first, last);
        return true;
    }

    /// <summary>The range, as <see cref="Parse"/> reads it.</summary>
    /// <returns>For instance <c>32768-65535</c>.</returns>
    public override string ToString() => $"{First}-{Last}";

    private static bool TryParsePort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port);
}

/// <summary>Lets configuration binding read a <see cref="UserTcpPortRange"/> from text.</summary>
internal sealed class UserTcpPortRangeConverter : TextConverter
{
    protected override object Parse(string text) => UserTcpPortRange.Parse(text);
}
