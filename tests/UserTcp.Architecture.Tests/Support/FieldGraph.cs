namespace UserTcp.Architecture.Tests.Support;

/// <summary>
/// Who holds whom: an edge for each field whose type, or a type argument of it, is among the types looked at.
/// </summary>
internal sealed class FieldGraph(IReadOnlyDictionary<string, string[]> held)
{
    public static FieldGraph Of(IEnumerable<TypeReference> references, Func<string, bool> isAmong)
    {
        var edges = references
            .Where(reference => reference is { IsField: true, IsLocal: true } && !IsCompilerMade(reference.Source))
            .Where(reference => isAmong(reference.Source) && isAmong(reference.Target))
            .Select(reference => (TypeReference.Outermost(reference.Source), TypeReference.Outermost(reference.Target)))
            .Where(edge => edge.Item1 != edge.Item2);
        return new FieldGraph(edges.GroupBy(edge => edge.Item1)
            .ToDictionary(group => group.Key, group => group.Select(edge => edge.Item2).Distinct().ToArray()));
    }

    /// <summary>Where types of one kind mention types of another, in fields, signatures or bodies.</summary>
    public static IReadOnlyList<string> Mentions(
        IEnumerable<TypeReference> references, Func<string, bool> isUser, Func<string, bool> isUsed) =>
        references
            .Where(reference => reference.IsLocal && isUser(reference.Source) && isUsed(reference.Target))
            .Select(reference => reference.ToString())
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();

    /// <summary>
    /// The ways from a type through fields back to itself. A link to a neighbour of the same type is no cycle.
    /// </summary>
    public IReadOnlyList<string> Cycles() =>
        held.Keys.Select(type => PathBack(type, [type])).OfType<string>().Order(StringComparer.Ordinal).ToList();

    private string? PathBack(string start, string[] path)
    {
        foreach (string next in held.GetValueOrDefault(path[^1], []))
        {
            if (next == start)
                return string.Join(" → ", [.. path, next]);

            if (!path.Contains(next) && PathBack(start, [.. path, next]) is { } found)
                return found;
        }

        return null;
    }

    // Closures and iterators hold what they capture; what they capture is judged where it is declared.
    private static bool IsCompilerMade(string type) => type.Contains('<', StringComparison.Ordinal);
}
