using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>
/// A place that names a requirement: where in the sources, in words that survive the next edit of the file.
/// </summary>
internal readonly record struct Citation(string Requirement, string Place);

/// <summary>Finds the requirements that comments in the library and attributes of tests name.</summary>
internal static partial class Citations
{
    private const string Library = "src/";

    /// <summary>The tags in comments of the library, each with its file and member.</summary>
    public static IReadOnlyList<Citation> InCode(IEnumerable<SourceFile> files) =>
        (from file in files
         from line in file.Lines.Index()
         from Match tag in Tag().Matches(CommentIn(line.Item))
         select new Citation(tag.Value, PlaceInCode(file, line.Index))).Distinct().ToList();

    /// <summary>
    /// The sections that comments in the library cite, as <c>8985 §6.2</c>: where an RFC has no tags of its own, its
    /// requirements are looked for by section.
    /// </summary>
    public static IReadOnlyList<Citation> SectionsInCode(IEnumerable<SourceFile> files) =>
        (from file in files
         from line in file.Lines.Index()
         from Match cited in CitedSection().Matches(CommentIn(line.Item))
         select new Citation(cited.Groups[1].Value, PlaceInCode(file, line.Index))).Distinct().ToList();

    /// <summary>The requirements that <c>[Rfc]</c> attributes name, each with its test.</summary>
    public static IReadOnlyList<Citation> InTests(IEnumerable<SourceFile> files) =>
        (from file in files
         from Match attribute in RfcAttribute().Matches(file.Text)
         from Match tag in Tag().Matches(attribute.Groups["tags"].Value)
         select new Citation(tag.Value, PlaceInTests(file, LineOf(file, attribute.Index)))).Distinct().ToList();

    /// <summary>Tags of RFC 9293 in the library whose comment does not say of which section they are.</summary>
    public static IEnumerable<string> WithoutSection(IEnumerable<SourceFile> files) =>
        from file in files
        from line in file.Lines.Index()
        where StandardTag().IsMatch(CommentIn(line.Item))
            && !CommentAround(file, line.Index).Contains("RFC 9293 §", StringComparison.Ordinal)
        select $"{file.Path}:{line.Index + 1}: {line.Item.Trim()}";

    /// <summary>Attributes on what is no test: they would count for nothing.</summary>
    public static IEnumerable<string> OnNoTest(IEnumerable<SourceFile> files) =>
        from file in files
        from Match attribute in RfcAttribute().Matches(file.Text)
        let line = LineOf(file, attribute.Index)
        where !IsTest(file, line)
        select $"{file.Path}:{line + 1}: {attribute.Value}";

    private static string PlaceInCode(SourceFile file, int line)
    {
        string path = file.Path[Library.Length..];
        bool isAtMargin = MemberNames.Indent(file.Lines[line]) == 0;
        string? member = isAtMargin ? MemberNames.TypeAt(file, line) : MemberNames.MemberAt(file, line);
        return member is null ? path : $"{path} {member}";
    }

    private static string PlaceInTests(SourceFile file, int line)
    {
        string type = MemberNames.TypeAt(file, line) ?? "";
        return MemberNames.Indent(file.Lines[line]) == 0 ? type : $"{type}.{MemberNames.MemberAt(file, line)}";
    }

    private static bool IsTest(SourceFile file, int line)
    {
        int first = line;
        while (first > 0 && file.Lines[first - 1].TrimStart().StartsWith('['))
            first--;

        int last = line;
        while (last < file.Lines.Length - 1 && !file.Lines[last].Contains("public ", StringComparison.Ordinal))
            last++;

        string[] head = file.Lines[first..(last + 1)];
        return head.Any(text => TestAttribute().IsMatch(text) || text.Contains(" class ", StringComparison.Ordinal));
    }

    private static string CommentIn(string line) =>
        line.IndexOf("//", StringComparison.Ordinal) is >= 0 and int start ? line[start..] : "";

    private static string CommentAround(SourceFile file, int line)
    {
        int first = line;
        while (first > 0 && file.Lines[first - 1].TrimStart() is ['/', '/', ..])
            first--;

        int last = line;
        while (last + 1 < file.Lines.Length && file.Lines[last + 1].TrimStart() is ['/', '/', ..])
            last++;

        return string.Join(' ', file.Lines[first..(last + 1)]);
    }

    private static int LineOf(SourceFile file, int index) => file.Text.AsSpan(0, index).Count('\n');

    [GeneratedRegex(@"\b(?:MUST|SHLD|MAY|REC|R\d{3,4})-\d+\b")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\b(?:MUST|SHLD|MAY|REC)-\d+\b")]
    private static partial Regex StandardTag();

    [GeneratedRegex(@"\bRFC (\d{3,4} §[0-9A-Z]+(?:\.[0-9]+)*)")]
    private static partial Regex CitedSection();

    [GeneratedRegex("""\bRfc\("\d{3,4} §[^"]+"(?<tags>(?:\s*,\s*"[^"]*")*)\s*\)""")]
    private static partial Regex RfcAttribute();

    [GeneratedRegex(@"\b(?:Lab)?(?:Fact|Theory)\b|\bProperty\b")]
    private static partial Regex TestAttribute();
}
