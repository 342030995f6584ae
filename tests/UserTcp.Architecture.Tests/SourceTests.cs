using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>Where things stand in the tree, and how large they may grow.</summary>
public sealed partial class SourceTests
{
    private const int MaxColumns = 120;
    private const int MaxLines = 400;
    private const int MaxTestLines = 600;
    private const int MaxMethodLines = 45;

    private static readonly string[] s_all = ["src", "samples", "benchmarks", "tests"];

    // Its public types are words of the whole library, and users should not need to know a room to say them.
    private const string Vocabulary = "src/UserTcp/Primitives";

    // Where users look for it, and where no other type of the package would hide what it adapts.
    private static readonly Dictionary<string, string> s_elsewhere = new()
    {
        ["src/UserTcp.Extensions.Hosting/UserTcpServiceCollectionExtensions.cs"] =
            "Microsoft.Extensions.DependencyInjection",
    };

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
            where !s_elsewhere.ContainsKey(file.Path) || s_elsewhere[file.Path] != actual
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
    public void Methods_fit_on_a_screen()
    {
        var found =
            from file in Repository.CSharp("src", "samples")
            from method in MethodBodies(file)
            where method.Lines > MaxMethodLines
            select $"{file.Path}:{method.First + 1} has {method.Lines} lines, more than {MaxMethodLines}";
        Expect.None(found, "Methods that grew beyond one screen (25 lines are the aim):");
    }

    /// <summary>The lab is another matter: the kernel there has only the real clock.</summary>
    [Fact]
    public void Tests_do_not_wait_for_the_clock() => Expect.None(
        Mentions("tests/UserTcp.Tests", Sleep()), "Waits for time to pass, where a test should wait for an event:");

    [Fact]
    public void No_test_is_switched_off() => Expect.None(Mentions("tests", SwitchedOff()), "Tests that never run:");

    [Fact]
    public void No_region_hides_code() => Expect.None(Mentions("src", RegionLine()), "Regions:");

    [Fact]
    public void Nothing_is_left_unfinished() => Expect.None(
        Mentions("src", Unfinished()).Concat(Mentions("samples", Unfinished())),
        "Places that say of themselves that they are not done:");

    [Fact]
    public void No_exception_is_swallowed() =>
        Expect.None(Mentions("src", EmptyCatch()), "Catch blocks without a word:");

    /// <summary>
    /// Peers cause log lines, so each event needs a budget: one class makes loggers, and it limits them.
    /// </summary>
    [Fact]
    public void Every_logger_has_a_limit()
    {
        string[] may =
        [
            "src/UserTcp/Diagnostics/LimitedLogger.cs",
        ];
        Expect.None(
            Mentions("src", LoggerMaking()).Where(place => !Array.Exists(may, place.StartsWith)),
            "Loggers that a peer can flood: use LimitedLogger.Create:");
    }

    // From the line that declares a method, four columns in, to its closing brace. Nested types are no methods.
    private static IEnumerable<(int First, int Lines)> MethodBodies(SourceFile file)
    {
        int first = 0;
        foreach ((int index, string line) in file.Lines.Index())
        {
            if (MemberLine().IsMatch(line))
                first = index;
            else if (line == "    }" && !NestedType().IsMatch(file.Lines[first]))
                yield return (first, index - first + 1);
        }
    }

    private static IEnumerable<string> Mentions(string folder, Regex pattern) =>
        from file in Repository.CSharp(folder)
        from Match match in pattern.Matches(file.Text)
        let line = file.Text.AsSpan(0, match.Index).Count('\n') + 1
        select $"{file.Path}:{line}: {match.Value.ReplaceLineEndings(" ").Trim()}";

    [GeneratedRegex(@"^namespace [\w.]+\s*\{?\s*$", RegexOptions.Multiline)]
    private static partial Regex BlockNamespace();

    [GeneratedRegex(@"\bCreateLogger\s*(<[^>]*>)?\(|\bILogger<")]
    private static partial Regex LoggerMaking();

    [GeneratedRegex(@"^    [A-Za-z(~]")]
    private static partial Regex MemberLine();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record) \w")]
    private static partial Regex NestedType();

    [GeneratedRegex(@"\bThread\.Sleep\b|\bTask\.Delay\([^,]*\)")]
    private static partial Regex Sleep();

    [GeneratedRegex("""\bSkip *= *["$]""")]
    private static partial Regex SwitchedOff();

    [GeneratedRegex(@"^\s*#region.*", RegexOptions.Multiline)]
    private static partial Regex RegionLine();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK|XXX|NotImplementedException)\b")]
    private static partial Regex Unfinished();

    // A filter that was called with the exception has done something about it.
    [GeneratedRegex(@"catch\s*(?:\([^)]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();
}
