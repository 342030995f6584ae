using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>A requirement of RFC 9293, by the tag that its appendix B gives.</summary>
internal sealed record Requirement(string Id, string Level, string Section, string Text)
{
    public const string File = "tests/UserTcp.Architecture.Tests/rfc9293-requirements.tsv";

    /// <summary>Whether it must be tested or excused: MUST and SHOULD, with and without NOT. MAY is free.</summary>
    public bool IsBinding => !Level.StartsWith("MAY", StringComparison.Ordinal);

    public static IReadOnlyList<Requirement> Load() =>
        Repository.Read(File)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Skip(1)
            .Select(line => line.Split('\t'))
            .Select(fields => new Requirement(fields[0], fields[1], fields[2], fields[3]))
            .ToList();
}
