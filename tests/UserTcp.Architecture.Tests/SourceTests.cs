using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>Namespaces are folders, and some words may not stand in the sources.</summary>
public sealed partial class SourceTests
{
    private static readonly string[] s_all = ["src", "samples", "benchmarks", "tests"];

    // Its public types are words of the whole library, and users should not need to know a room to say them.
    private const string Vocabulary = "src/UserTcp/Primitives";

    // Where users look for it, and where no other type of the package would hide what it adapts.
    private static readonly Dictionary<string, string> s_elsewhere = new()
    {
        ["src/UserTcp.Extensions.Hosting/UserTcpServiceCollectionExtensions.cs"] =
            "Microsoft.Extensions.DependencyInjection",
        ["src/UserTcp.AspNetCore/UserTcpKestrelServerOptionsExtensions.cs"] = "Microsoft.AspNetCore.Hosting",
        ["src/UserTcp.AspNetCore/UserTcpListenOptionsExtensions.cs"] = "Microsoft.AspNetCore.Hosting",
        ["src/UserTcp.AspNetCore/UserTcpWebHostBuilderExtensions.cs"] = "Microsoft.AspNetCore.Hosting",
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

    /// <summary>The lab is another matter: the kernel there has only the real clock.</summary>
    [Fact]
    public void Tests_do_not_wait_for_the_clock() => Expect.None(
        Mentions("tests/UserTcp.Tests", Sleep()), "Waits for time to pass, where a test should wait for an event:");

    [Fact]
    public void No_test_is_switched_off() => Expect.None(Mentions("tests", SwitchedOff()), "Tests that never run:");

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

    /// <summary>
    /// The generator of log messages orders several classes of an assembly at random: two builds would differ.
    /// </summary>
    [Fact]
    public void An_assembly_has_its_log_messages_in_one_class() => Expect.None(
        Repository.CSharp("src")
            .Where(file => file.Text.Contains("[LoggerMessage", StringComparison.Ordinal))
            .GroupBy(file => file.Path.Split('/')[1], file => file.Path)
            .Where(files => files.Count() > 1).Select(files => string.Join(", ", files)),
        "Assemblies with several classes of log messages:");

    private static IEnumerable<string> Mentions(string folder, Regex pattern) =>
        from file in Repository.CSharp(folder)
        from Match match in pattern.Matches(file.Text)
        let line = file.Text.AsSpan(0, match.Index).Count('\n') + 1
        select $"{file.Path}:{line}: {match.Value.ReplaceLineEndings(" ").Trim()}";

    [GeneratedRegex(@"\bCreateLogger\s*(<[^>]*>)?\(|\bILogger<")]
    private static partial Regex LoggerMaking();

    [GeneratedRegex(@"\bThread\.Sleep\b|\bTask\.Delay\([^,]*\)")]
    private static partial Regex Sleep();

    [GeneratedRegex("""\bSkip *= *["$]""")]
    private static partial Regex SwitchedOff();

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK|XXX|NotImplementedException)\b")]
    private static partial Regex Unfinished();

    // A filter that was called with the exception has done something about it.
    [GeneratedRegex(@"catch\s*(?:\([^)]*\))?\s*\{\s*\}")]
    private static partial Regex EmptyCatch();
}
