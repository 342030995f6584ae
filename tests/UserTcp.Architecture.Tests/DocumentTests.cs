using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>What the documents show of the code is in the code.</summary>
public sealed partial class DocumentTests
{
    /// <summary>
    /// An example names the file that its lines come from, or is the text between two marks, <c>// &lt;name&gt;</c> and
    /// <c>// &lt;/name&gt;</c>, of a file that the tests or the samples compile.
    /// </summary>
    [Fact]
    public void Every_example_is_compiled()
    {
        List<Snippet> snippets = Snippets();
        Expect.None(
            from document in Documents()
            from code in Examples(Repository.Read(document))
            from fault in code.StartsWith("// ", StringComparison.Ordinal)
                ? LinesNotIn(code)
                : NotAmong(snippets, code)
            select $"{document}: {fault}",
            "Examples that no compiled file has:");
    }

    [Fact]
    public void Every_marked_example_is_shown()
    {
        HashSet<string> shown =
            Documents().SelectMany(one => Examples(Repository.Read(one))).Select(WithoutUsings).ToHashSet();
        Expect.None(
            from snippet in Snippets()
            where !shown.Contains(snippet.Code)
            select $"{snippet.File}: {snippet.Name}",
            "Marked examples that no document shows:");
    }

    [Theory]
    [InlineData("```csharp\nint a = 1;\n```\n", "int a = 1;")]
    [InlineData("text\n```csharp\nA();\n\nB();\n```\n```sh\nls\n```\n", "A();\n\nB();")]
    public void Examples_are_the_csharp_blocks(string document, string code) =>
        Assert.Equal([code], Examples(document));

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        var found =
            from path in Documents()
            from Match link in Link().Matches(Repository.Read(path))
            let target = Path.Combine(Repository.Root, Path.GetDirectoryName(path)!, link.Groups[1].Value)
            where !File.Exists(target) && !Directory.Exists(target)
            select $"{path}: {link.Groups[1].Value}";
        Expect.None(found, "Links to files that do not exist:");
    }

    private static IEnumerable<string> Documents()
    {
        string[] folders = ["", "docs", "src", "tests", "benchmarks", "samples"];
        IEnumerable<string> all = folders.Select(Repository.PathOf);
        return all.Concat(Directory.EnumerateDirectories(Repository.PathOf("src")))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.md"))
            .Select(path => Path.GetRelativePath(Repository.Root, path));
    }

    private static IEnumerable<string> Examples(string text) =>
        Example().Matches(text).Select(one => one.Groups["code"].Value.TrimEnd());

    private static List<Snippet> Snippets() =>
        (from file in Repository.CSharp("tests", "samples")
         from Match mark in Marked().Matches(file.Text)
         let indent = mark.Groups["indent"].Value
         let code = mark.Groups["code"].Value.Replace($"\n{indent}", "\n", StringComparison.Ordinal).Trim()
         select new Snippet(file.Path, mark.Groups["name"].Value, code)).ToList();

    // The usings that an example begins with are those of its file.
    private static IEnumerable<string> NotAmong(List<Snippet> snippets, string code)
    {
        string body = WithoutUsings(code);
        if (snippets.Find(one => one.Code == body) is not { } snippet)
        {
            yield return body.Split('\n')[0];
            yield break;
        }

        string[] usings = Usings().Match(code).Value.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string missing in usings.Except(Repository.Read(snippet.File).Split('\n')))
            yield return $"{missing} is not in {snippet.File}";
    }

    private static string WithoutUsings(string code) => Usings().Replace(code, "", 1);

    // An example may leave lines out; what it shows has to come in the same order.
    private static IEnumerable<string> LinesNotIn(string example)
    {
        string[] lines = example.Split('\n').Select(line => line.Trim()).ToArray();
        string file = lines[0][3..];
        string[] source = Repository.Read(file).Split('\n').Select(line => line.Trim()).ToArray();
        int from = 0;
        foreach (string line in lines.Skip(1).Where(line => line.Length > 0))
        {
            int at = Array.IndexOf(source, line, from);
            if (at < 0)
                yield return $"{file}: {line}";
            else
                from = at + 1;
        }
    }

    [GeneratedRegex(@"^```csharp\n(?<code>(?:.*\n)*?)```$", RegexOptions.Multiline)]
    private static partial Regex Example();

    [GeneratedRegex(
        @"^(?<indent> *)// <(?<name>[a-z-]+)>(?<code>\n(?:.*\n)*?)\k<indent>// </\k<name>>$", RegexOptions.Multiline)]
    private static partial Regex Marked();

    [GeneratedRegex(@"\A(?:using [\w.]+;\n)+\n?")]
    private static partial Regex Usings();

    [GeneratedRegex(@"\]\((?![a-z]+:|#)([^)#\s]+)")]
    private static partial Regex Link();

    /// <summary>A marked part of a compiled file, without its indentation.</summary>
    private sealed record Snippet(string File, string Name, string Code);
}
