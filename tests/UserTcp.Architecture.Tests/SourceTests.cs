using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>Where things stand in the tree, and how large they may grow.</summary>
public sealed partial class SourceTests
{
    private const int MaxColumns = 120;
    private const int MaxLines = 400;
    private const int MaxTestLines = 600;

    private static readonly string[] s_all = ["src", "samples", "benchmarks", "tests"];

    // Its public types are words of the whole library, and users should not need to know a room to say them.
    private const string Vocabulary = "src/UserTcp/Primitives";

    /// <summary>
    /// One namespace per folder: the project's name, then the folders. One exception: a file of Primitives that
    /// declares a public type is in <c>UserTcp</c>, so that users of the root API need no second <c>using</c>.
    /// </summary>
    [Fact]
    public void A_namespace_is_a_folder()
    {
        var found =
            from file in Repository.CSharp(s_all)
            let actual = SourceMap.NamespaceOf(file)
            let isVocabulary = file.Folder == Vocabulary && SourceMap.Types([file]).Any(type => type.IsPublic)
            let expected = isVocabulary ? "UserTcp" : string.Join('.', file.Folder.Split('/').Skip(1))
            where actual is not null && actual != expected
            select $"{file.Path} is in {actual}, not in {expected}";
        Expect.None(found, "Types whose namespace is not their folder:");
    }

    [Fact]
    public void Namespaces_are_file_scoped()
    {
        var found = Repository.CSharp(s_all)
            .Where(file => BlockNamespace().IsMatch(file.Text))
            .Select(file => file.Path);
        Expect.None(found, "Files with a namespace in braces:");
    }

    [Fact]
    public void Lines_fit_in_120_columns()
    {
        var found =
            from file in Repository.CSharp(s_all)
            from line in file.Lines.Index()
            where line.Item.Length > MaxColumns
            select $"{file.Path}:{line.Index + 1} has {line.Item.Length} columns";
        Expect.None(found, $"Lines of more than {MaxColumns} columns:");
    }

    [Fact]
    public void Files_stay_short()
    {
        var found =
            from file in Repository.CSharp(s_all)
            let limit = file.Path.StartsWith("tests/", StringComparison.Ordinal) ? MaxTestLines : MaxLines
            where file.Lines.Length > limit
            select $"{file.Path} has {file.Lines.Length} lines, more than {limit}";
        Expect.None(found, "Files that grew beyond their limit (300 lines are the aim):");
    }

    [Fact]
    public void No_region_hides_code() => Expect.None(Mentions("src", RegionLine()), "Regions:");

    [Fact]
    public void Nothing_is_left_unfinished() => Expect.None(
        Mentions("src", Unfinished()).Concat(Mentions("samples", Unfinished())),
        "Places that say of themselves that they are not done:");

    [Fact]
    public void No_exception_is_swallowed() =>
        Expect.None(Mentions("src", EmptyCatch()), "Catch blocks without a word:");

    private static IEnumerable<string> Mentions(string folder, Regex pattern) =>
        from file in Repository.CSharp(folder)
        from Match match in pattern.Matches(file.Text)
        let line = file.Text.AsSpan(0, match.Index).Count('\n') + 1
        select $"{file.Path}:{line}: {match.Value.ReplaceLineEndings(" ").Trim()}";

    [GeneratedRegex(@"^namespace [\w.]+\s*\{?\s*$", RegexOptions.Multiline)]
    private static partial Regex BlockNamespace();

    [GeneratedRegex(@"^\s*#region.*", RegexOptions.Multiline)]
    private static partial Regex RegionLine();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK|XXX|NotImplementedException)\b")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"catch\s*(?:\([^)]*\))?\s*(?:when\s*\([^{]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();
}
