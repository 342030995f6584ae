using System.Reflection;
using System.Runtime.CompilerServices;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// Finds what may change behind a field: walks the fields from a type on, as deep as they go. A name is a type
/// (<c>Namespace.Type</c>) or a field of one (<c>Namespace.Type.Field</c>, a property by its own name).
/// </summary>
internal sealed class SharedState(IReadOnlyCollection<string> allowed)
{
    // Values of the platform; none of them can be changed.
    private static readonly HashSet<Type> s_values =
        [typeof(string), typeof(decimal), typeof(TimeSpan), typeof(DateTimeOffset), typeof(Guid)];

    private readonly HashSet<Type> _walked = [];
    private readonly SortedSet<string> _found = new(StringComparer.Ordinal);

    /// <summary>The allowed names that were met.</summary>
    public HashSet<string> Used { get; } = [];

    public IReadOnlyCollection<string> Found => _found;

    /// <summary>What an object of this type can reach.</summary>
    public SharedState Walk(Type type)
    {
        if (type.IsPrimitive || type.IsEnum || s_values.Contains(type) || !_walked.Add(type))
            return this;
        if (Nullable.GetUnderlyingType(type) is { } inner)
            return Walk(inner);

        for (Type? at = type; at is not null && at != typeof(object) && at != typeof(ValueType); at = at.BaseType)
        {
            const BindingFlags fields =
                BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
            foreach (FieldInfo field in at.GetFields(fields))
            {
                Judge(field);
            }
        }

        return this;
    }

    /// <summary>What all threads can reach through the static fields of a type.</summary>
    public SharedState WalkStatics(Type type)
    {
        const BindingFlags fields =
            BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        foreach (FieldInfo field in type.GetFields(fields))
        {
            // An array that is never replaced is a table: nobody has a reason to write into it.
            bool isTable = field.IsInitOnly && field.FieldType.IsArray;
            if (!field.IsLiteral && !isTable && !field.IsDefined(typeof(ThreadStaticAttribute)))
                Judge(field);
        }

        return this;
    }

    private void Judge(FieldInfo field)
    {
        string name = $"{field.DeclaringType!.FullName}.{NameOf(field)}";
        Type type = field.FieldType;
        if (IsAllowed(name) || IsAllowed(type.FullName))
            return;

        // A field of a struct is as changeable as the one that the struct is in.
        bool isFixed = field.IsInitOnly || field.DeclaringType is { IsValueType: true, IsPrimitive: false };
        if (!isFixed)
            _found.Add($"{name} may be assigned");
        else if (!type.IsValueType && !IsClosed(type))
            _found.Add($"{name} is a {type}, which may be changed or be anything");
        else
            Walk(type);
    }

    private bool IsAllowed(string? name)
    {
        if (name is null || !allowed.Contains(name))
            return false;

        Used.Add(name);
        return true;
    }

    // Collections, delegates, interfaces and open classes say nothing of what is behind them.
    private static bool IsClosed(Type type) =>
        type == typeof(string) || (type.IsSealed && !type.IsArray && !type.IsSubclassOf(typeof(Delegate))
            && type.Assembly != typeof(object).Assembly);

    private static string NameOf(FieldInfo field) =>
        field.IsDefined(typeof(CompilerGeneratedAttribute)) && field.Name.StartsWith('<')
            ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)]
            : field.Name;
}
