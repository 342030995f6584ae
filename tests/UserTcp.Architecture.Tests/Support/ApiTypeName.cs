using System.Reflection;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>Type names as C# writes them, with question marks where null is allowed.</summary>
internal static class ApiTypeName
{
    private static readonly Dictionary<Type, string> s_keywords = new()
    {
        [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(char)] = "char",
        [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint",
        [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double",
        [typeof(decimal)] = "decimal", [typeof(string)] = "string", [typeof(object)] = "object",
        [typeof(void)] = "void", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
    };

    public static string Of(NullabilityInfo info)
    {
        Type type = info.Type.IsByRef ? info.Type.GetElementType()! : info.Type;
        string mark = !type.IsValueType && info.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray && info.ElementType is { } element)
            return $"{Of(element)}[]{mark}";

        // Reflection gives one entry per type argument; none for a type behind a reference.
        string[] arguments = info.GenericTypeArguments.Length == type.GetGenericArguments().Length
            ? info.GenericTypeArguments.Select(Of).ToArray()
            : type.GetGenericArguments().Select(Of).ToArray();
        return Compose(type, arguments) + mark;
    }

    public static string Of(Type type)
    {
        if (type.IsByRef)
            return Of(type.GetElementType()!);

        return type.IsArray
            ? $"{Of(type.GetElementType()!)}[]"
            : Compose(type, type.GetGenericArguments().Select(Of).ToArray());
    }

    public static string Constraints(Type[] parameters) => string.Concat(parameters
        .Where(parameter => parameter.IsGenericParameter)
        .Select(parameter => (parameter.Name, Bounds: Bounds(parameter).ToList()))
        .Where(parameter => parameter.Bounds.Count > 0)
        .Select(parameter => $" where {parameter.Name} : {string.Join(", ", parameter.Bounds)}"));

    private static IEnumerable<string> Bounds(Type parameter)
    {
        GenericParameterAttributes attributes = parameter.GenericParameterAttributes;
        bool isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            yield return "class";

        if (isStruct)
            yield return "struct";

        foreach (Type bound in parameter.GetGenericParameterConstraints().Where(bound => bound != typeof(ValueType)))
            yield return Of(bound);

        if (attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct)
            yield return "new()";
    }

    private static string Compose(Type type, string[] arguments)
    {
        if (s_keywords.TryGetValue(type, out string? keyword))
            return keyword;

        if (Nullable.GetUnderlyingType(type) is not null)
            return $"{arguments[0]}?";

        if (type.IsPointer)
            return $"{Of(type.GetElementType()!)}*";

        string outer = type is { IsNested: true, IsGenericParameter: false } ? $"{Of(type.DeclaringType!)}." : "";
        string name = type.Name.Split('`')[0];
        return outer + (arguments.Length > 0 ? $"{name}<{string.Join(", ", arguments)}>" : name);
    }
}
