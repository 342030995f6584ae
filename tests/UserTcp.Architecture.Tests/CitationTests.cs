using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Compliance;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>One spelling for every citation, so that a machine can follow it: <c>RFC 9293 §3.8.6.1</c>.</summary>
public sealed partial class CitationTests
{
    [Fact]
    public void Citations_have_one_spelling() => Expect.None(
        Repository.CSharp("src", "tests", "samples", "benchmarks")
            .Where(file => !file.Path.StartsWith("tests/UserTcp.Architecture.Tests/", StringComparison.Ordinal))
            .SelectMany(file => file.Lines.Index().SelectMany(line =>
                Misspelt(line.Item).Select(found => $"{file.Path}:{line.Index + 1}: {found}"))),
        "Citations that are not spelled \"RFC nnnn §n.n\":");

    [Fact]
    public void Cited_sections_of_RFC_9293_and_all_tags_exist()
    {
        string[] sections = Repository.Read($"{Requirement.Folder}/rfc9293-sections.txt").Split('\n');
        var tags = Requirement.Load().Select(requirement => requirement.Id).ToHashSet();
        var found =
            from file in Repository.CSharp("src", "tests", "samples", "benchmarks")
            where !file.Folder.StartsWith("tests/UserTcp.Architecture.Tests", StringComparison.Ordinal)
            from line in file.Lines.Index()
            from wrong in SectionOf9293().Matches(line.Item).Select(match => match.Groups[1].Value).Except(sections)
                .Concat(Tag().Matches(line.Item).Select(match => match.Value).Except(tags))
            select $"{file.Path}:{line.Index + 1}: {wrong}";
        Expect.None(found, "Sections and requirements that do not exist:");
    }

    [Theory]
    [InlineData("RFC 9293 §3.8.6.1")]
    [InlineData("RFC 9293 §3.10.1–6: the calls")]
    [InlineData("the whole of RFC 9293.")]
    [InlineData("RFC 6298 (2.2), RFC 7323 §5.4 (2), RFC 9293 §A.1")]
    [InlineData("RFC 9293 §3.3.2, Figure 5")]
    public void The_spelling_is_accepted(string text) => Assert.Empty(Misspelt(text));

    [Theory]
    [InlineData("RFC9293 §3.8")]
    [InlineData("RFC-9293 §3.8")]
    [InlineData("Rfc 9293 §3.8")]
    [InlineData("rfc 9293")]
    [InlineData("RFC 9293 section 3.8.6.1")]
    [InlineData("RFC 9293, Section 3.8.6.1")]
    [InlineData("RFC 9293 3.8.6.1")]
    [InlineData("RFC 9293 § 3.8.6.1")]
    [InlineData("RFC 9293, §3.8.6.1")]
    [InlineData("RFC 9293 §§3.8 and 3.9")]
    [InlineData("RFC 793 p. 33")]
    [InlineData("RFC 793, page 33")]
    [InlineData("RFC 793 [Page 33]")]
    public void Another_spelling_is_found(string text) => Assert.NotEmpty(Misspelt(text));

    private static IEnumerable<string> Misspelt(string line) =>
        Mention().Matches(line).Where(match => !Citation().IsMatch(match.Value)).Select(match => match.Value.Trim());

    // A mention of an RFC and what follows it, as far as that could be a place in it.
    [GeneratedRegex(
        @"\b(?:RFC[ -]?|Rfc |rfc )\d{3,5}" +
        @"(?:,? *(?:§+ *[\w.]*|\[?[Ss]ection\b|\[?[Ss]ec\.|\[?[Pp]age\b|\[?pp?\. ?\d|\d+\.\d))?")]
    private static partial Regex Mention();

    [GeneratedRegex(@"^RFC \d{3,4}(?: §[0-9A-Z][\w.]*)?$")]
    private static partial Regex Citation();

    [GeneratedRegex(@"(?:RFC |""|\()9293 §([0-9A-Z]+(?:\.[0-9]+)*)")]
    private static partial Regex SectionOf9293();

    [GeneratedRegex(@"\b(?:MUST|SHLD|MAY|REC|R\d{3,4})-\d+\b")]
    private static partial Regex Tag();
}
