namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// What the rooms below the door may not ask the world for: the list that the analyzer works by
/// (src/UserTcp/BannedSymbols.txt), and what an analyzer of symbols cannot see.
/// </summary>
internal static class CoreRules
{
    private static readonly string[] s_unordered = ["Dictionary`2", "HashSet`1"];
    private static readonly string[] s_walks = ["GetEnumerator", "get_Keys", "get_Values"];

    private static readonly Lazy<ILookup<char, string>> s_banned = new(() =>
        Repository.Read($"{House.Library}/BannedSymbols.txt")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .ToLookup(line => line[0], line => line.Split(';')[0][2..]));

    public static ILookup<char, string> Banned => s_banned.Value;

    public static IReadOnlyList<string> Violations(IEnumerable<TypeReference> references) =>
        references.Where(reference => !reference.IsLocal && IsForbidden(reference))
            .Select(reference => reference.ToString())
            .Distinct()
            .ToList();

    private static bool IsForbidden(TypeReference reference) =>
        IsBanned(reference) || IsWalkWithoutOrder(reference) || IsAsync(reference.Target)
        || reference.Target.StartsWith("System.Linq.", StringComparison.Ordinal);

    private static bool IsBanned(TypeReference reference)
    {
        string member = $"{reference.Target}.{reference.TargetMember}";
        return Banned['T'].Contains(reference.Target)
            || Banned['M'].Any(method => method.Split('(')[0] == member)
            || Banned['P'].Any(property => member == Getter(property));
    }

    private static string Getter(string property)
    {
        int dot = property.LastIndexOf('.');
        return $"{property[..dot]}.get_{property[(dot + 1)..]}";
    }

    // The order of these collections is not a contract: a run would depend on it and not be repeatable.
    private static bool IsWalkWithoutOrder(TypeReference reference) =>
        s_walks.Contains(reference.TargetMember)
        && s_unordered.Any(type => reference.Target == $"System.Collections.Generic.{type}");

    private static bool IsAsync(string type) =>
        type.StartsWith("System.Runtime.CompilerServices.Async", StringComparison.Ordinal);
}
