using System.Globalization;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>
/// A requirement of an RFC: by the tag that appendix B of RFC 9293 gives, or by one of ours, <c>R8985-7</c>, where an
/// RFC numbers nothing itself.
/// </summary>
internal sealed record Requirement(string Id, string Level, string Section, string Text)
{
    public const string Folder = "tests/UserTcp.Architecture.Tests/requirements";

    /// <summary>The RFC whose requirements have the tags MUST, SHLD, MAY and REC.</summary>
    public const int Standard = 9293;

    /// <summary>The RFC it is of.</summary>
    public int Rfc => Id.StartsWith('R') && Id.IndexOf('-', StringComparison.Ordinal) is > 1 and int end
        && int.TryParse(Id.AsSpan(1, end - 1), CultureInfo.InvariantCulture, out int number) ? number : Standard;

    /// <summary>Whether it must be tested or excused: MUST and SHOULD, with and without NOT. MAY is free.</summary>
    public bool IsBinding => !Level.StartsWith("MAY", StringComparison.Ordinal);

    /// <summary>All lists there are, that of RFC 9293 first, then by number.</summary>
    public static IReadOnlyList<Requirement> Load() =>
        Directory.GetFiles(Path.Combine(Repository.Root, Folder), "rfc*.tsv")
            .Select(file => Path.GetFileName(file))
            .Order(StringComparer.Ordinal)
            .SelectMany(name => Parse(Repository.Read($"{Folder}/{name}")))
            .OrderBy(requirement => requirement.Rfc == Standard ? 0 : requirement.Rfc)
            .ToList();

    private static IEnumerable<Requirement> Parse(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(line => line.Split('\t'))
            .Select(fields => new Requirement(fields[0], fields[1], fields[2], fields[3]));
}
