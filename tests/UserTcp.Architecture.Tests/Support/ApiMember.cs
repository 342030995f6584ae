using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>Writes one member as a declaration: modifiers, types with nullability, default values.</summary>
internal static class ApiMember
{
    private static readonly NullabilityInfoContext s_nullability = new();

    /// <summary>The declaration, or null for a member that users do not see by itself.</summary>
    public static string? Of(MemberInfo member) => member switch
    {
        FieldInfo field when IsSeen(field) => Field(field),
        ConstructorInfo constructor when IsSeen(constructor) => Constructor(constructor),
        PropertyInfo property when property.GetAccessors(true).Any(IsSeen) => Property(property),
        EventInfo one when IsSeen(one.AddMethod!) =>
            $"{Scope(one.AddMethod!)}event {Named(s_nullability.Create(one))} {one.Name}",
        MethodInfo method when IsSeen(method) && (!method.IsSpecialName || IsOperator(method)) =>
            Scope(method) + Method(method, method.Name),
        _ => null,
    };

    public static string Method(MethodInfo method, string name) =>
        $"{Returned(method)} {name}{Generic(method)}({Parameters(method)})" +
        ApiTypeName.Constraints(method.GetGenericArguments());

    private static string Constructor(ConstructorInfo constructor) =>
        $"{Access(constructor)}{constructor.DeclaringType!.Name.Split('`')[0]}({Parameters(constructor)})";

    private static string Field(FieldInfo field)
    {
        string kind = field.IsLiteral
            ? "const "
            : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        string value = field.IsLiteral ? $" = {Literal(field.GetRawConstantValue(), field.FieldType)}" : "";
        return $"{(field.IsPublic ? "" : "protected ")}{kind}{Named(s_nullability.Create(field))} {field.Name}{value}";
    }

    private static string Property(PropertyInfo property)
    {
        MethodInfo first = property.GetAccessors(true).First(IsSeen);
        string required = property.IsDefined(typeof(RequiredMemberAttribute), false) ? "required " : "";
        string name = property.GetIndexParameters() is { Length: > 0 } index
            ? $"this[{string.Join(", ", index.Select(Parameter))}]" : property.Name;
        string get = property.GetMethod is { } getter && IsSeen(getter) ? "get; " : "";
        string set = property.SetMethod is { } setter && IsSeen(setter) ? $"{Access(setter)}{Setter(setter)}; " : "";
        string isRef = property.PropertyType.IsByRef ? "ref " : "";
        return $"{Scope(first)}{required}{isRef}{Named(s_nullability.Create(property))} {name} {{ {get}{set}}}";
    }

    private static string Setter(MethodInfo setter) =>
        setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init" : "set";

    private static string Returned(MethodInfo method) => method.ReturnType == typeof(void)
        ? "void"
        : (method.ReturnType.IsByRef ? "ref " : "") + Named(s_nullability.Create(method.ReturnParameter));

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string way = parameter switch
        {
            { IsOut: true } => "out ",
            { IsIn: true, ParameterType.IsByRef: true } => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.IsDefined(typeof(ParamArrayAttribute), false) => "params ",
            _ => "",
        };
        string value = parameter.HasDefaultValue
            ? $" = {Literal(parameter.RawDefaultValue, parameter.ParameterType)}"
            : "";
        return $"{way}{Named(s_nullability.Create(parameter))} {parameter.Name}{value}";
    }

    private static string Named(NullabilityInfo type) => ApiTypeName.Of(type);

    private static string Literal(object? value, Type type) => value switch
    {
        null when type.IsValueType && Nullable.GetUnderlyingType(type) is null => "default",
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ when (Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: true } names =>
            $"{names.Name}.{Enum.ToObject(names, value)}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Scope(MethodInfo method)
    {
        string scope = method switch
        {
            { DeclaringType.IsInterface: true, IsStatic: false } => "",
            { IsStatic: true, IsAbstract: true } => "static abstract ",
            { IsStatic: true } => "static ",
            { IsAbstract: true } => "abstract ",
            _ when method.GetBaseDefinition() != method => method.IsFinal ? "sealed override " : "override ",
            { IsVirtual: true, IsFinal: false } => "virtual ",
            _ => "",
        };
        return Access(method) + scope;
    }

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Generic(MethodInfo method) => method.IsGenericMethodDefinition
        ? $"<{string.Join(", ", method.GetGenericArguments().Select(argument => argument.Name))}>" : "";

    private static bool IsOperator(MethodInfo method) => method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsSeen(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;
}
