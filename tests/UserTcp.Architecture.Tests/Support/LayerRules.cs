namespace UserTcp.Architecture.Tests.Support;

/// <summary>Which room may use which, and the types that are open to all or closed to some.</summary>
internal sealed record LayerRules
{
    /// <summary>
    /// The rooms that each room may use, itself not named. A room that is not listed may use everything.
    /// </summary>
    public required IReadOnlyDictionary<string, string[]> MayUse { get; init; }

    /// <summary>Types, by full name, that any room may use.</summary>
    public IReadOnlySet<string> Vocabulary { get; init; } = new HashSet<string>();

    /// <summary>For (user, used) rooms: the only types of the used room that are open to the user.</summary>
    public IReadOnlyDictionary<(string User, string Used), string[]> OnlyTypes { get; init; } =
        new Dictionary<(string, string), string[]>();

    /// <summary>The references that break the rules, each with the two rooms it joins.</summary>
    public IReadOnlyList<string> Violations(IEnumerable<TypeReference> references, Func<string, string?> roomOf) =>
        references.Where(reference => reference.IsLocal)
            .Select(reference => (
                reference,
                user: roomOf(TypeReference.Outermost(reference.Source)),
                used: roomOf(TypeReference.Outermost(reference.Target))))
            .Where(found => found is { user: not null, used: not null })
            .Where(found => !Allows(found.user!, found.used!, found.reference))
            .Select(found => $"{found.user} must not use {found.used}: {found.reference}")
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();

    private bool Allows(string user, string used, TypeReference reference)
    {
        string target = TypeReference.Outermost(reference.Target);
        if (user == used || !MayUse.TryGetValue(user, out string[]? rooms) || Vocabulary.Contains(target))
            return true;

        return rooms.Contains(used)
            && (!OnlyTypes.TryGetValue((user, used), out string[]? types) || types.Contains(target));
    }
}
