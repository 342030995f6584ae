using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// Writes the public surface of an assembly as text, in an order that does not depend on the sources.
/// </summary>
internal static class ApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance
        | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Render(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var space in assembly.GetExportedTypes().GroupBy(type => type.Namespace).OrderBy(g => g.Key, Ordinal))
        {
            text.Append($"namespace {space.Key}\n");
            foreach (Type type in space.OrderBy(type => type.FullName, Ordinal))
                RenderType(type, text);
        }

        return text.ToString();
    }

    private static StringComparer Ordinal => StringComparer.Ordinal;

    private static void RenderType(Type type, StringBuilder text)
    {
        text.Append('\n');
        foreach (string attribute in Attributes(type))
            text.Append($"{attribute}\n");

        text.Append($"{Declaration(type)}\n");
        foreach (string member in Members(type))
            text.Append($"    {member}\n");
    }

    private static string Declaration(Type type)
    {
        if (type.IsEnum)
            return $"public enum {ApiTypeName.Of(type)} : {ApiTypeName.Of(Enum.GetUnderlyingType(type))}";

        if (type.IsSubclassOf(typeof(Delegate)))
            return $"public delegate {ApiMember.Method(type.GetMethod("Invoke")!, ApiTypeName.Of(type))}";

        string[] bases = Bases(type).ToArray();
        string colon = bases.Length > 0 ? $" : {string.Join(", ", bases)}" : "";
        string where = ApiTypeName.Constraints(type.GetGenericArguments());
        return $"public {Modifiers(type)}{Kind(type)} {ApiTypeName.Of(type)}{colon}{where}";
    }

    private static string Kind(Type type) => type switch
    {
        { IsInterface: true } => "interface",
        { IsValueType: true } => type.GetMethod("PrintMembers", Declared) is not null ? "record struct" : "struct",
        _ => type.GetMethod("<Clone>$", Declared) is not null ? "record" : "class",
    };

    private static string Modifiers(Type type)
    {
        if (type.IsValueType)
        {
            string isReadOnly = type.IsDefined(typeof(IsReadOnlyAttribute), false) ? "readonly " : "";
            return isReadOnly + (type.IsByRefLike ? "ref " : "");
        }

        return type switch
        {
            { IsInterface: true } => "",
            { IsAbstract: true, IsSealed: true } => "static ",
            { IsAbstract: true } => "abstract ",
            { IsSealed: true } => "sealed ",
            _ => "",
        };
    }

    private static IEnumerable<string> Bases(Type type)
    {
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
            yield return ApiTypeName.Of(parent);

        Type[] inherited = type.BaseType?.GetInterfaces() ?? [];
        IEnumerable<Type> own = type.GetInterfaces().Except(inherited).Where(one => one.IsVisible);
        foreach (string name in own.Select(ApiTypeName.Of).Order(Ordinal))
            yield return name;
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return EnumMembers(type);

        if (type.IsSubclassOf(typeof(Delegate)))
            return [];

        return type.GetMembers(Declared)
            .Where(member => member is not Type && !member.Name.Contains('<', StringComparison.Ordinal))
            .Where(member => !member.IsDefined(typeof(CompilerGeneratedAttribute), false))
            .Select(member => (member.Name, Text: ApiMember.Of(member), Attributes: Attributes(member)))
            .Where(member => member.Text is not null)
            .OrderBy(member => member.Name, Ordinal)
            .ThenBy(member => member.Text, Ordinal)
            .Select(member => string.Concat(member.Attributes.Select(attribute => $"{attribute} ")) + member.Text);
    }

    private static IEnumerable<string> EnumMembers(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (field.Name, Value: Convert.ToInt64(field.GetRawConstantValue(), null)))
            .OrderBy(field => field.Value)
            .Select(field => $"{field.Name} = {field.Value}");

    private static List<string> Attributes(MemberInfo member)
    {
        var attributes = new List<string>();
        if (member.IsDefined(typeof(FlagsAttribute), false))
            attributes.Add("[Flags]");

        if (member.GetCustomAttribute<ExperimentalAttribute>() is { } experimental)
            attributes.Add($"[Experimental(\"{experimental.DiagnosticId}\")]");

        if (member.GetCustomAttribute<ObsoleteAttribute>() is { } obsolete && member is not Type { IsByRefLike: true })
            attributes.Add($"[Obsolete(\"{obsolete.Message}\")]");

        return attributes;
    }
}
