using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests;

/// <summary>What the documents show of the code is in the code.</summary>
public sealed partial class DocumentTests
{
    [Theory]
    [InlineData("src/STYLE.md")]
    [InlineData("src/UserTcp.Testing/README.md")]
    [InlineData("src/UserTcp.Extensions.Hosting/README.md")]
    [InlineData("src/UserTcp.SharpPcap/README.md")]
    public void Examples_are_taken_from_the_code(string document)
    {
        string text = Repository.Read(document);
        MatchCollection examples = Example().Matches(text);

        Assert.NotEmpty(examples);
        Assert.Equal(text.Split("```csharp\n").Length - 1, examples.Count); // each names its file
        Expect.None(
            examples.SelectMany(one => LinesNotIn(one.Groups["file"].Value, one.Groups["code"].Value)),
            $"Lines of examples in {document} that their files do not have, in this order:");
    }

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
        string[] folders = ["", "src", "tests", "benchmarks", "samples"];
        IEnumerable<string> all = folders.Select(Repository.PathOf);
        return all.Concat(Directory.EnumerateDirectories(Repository.PathOf("src")))
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.md"))
            .Select(path => Path.GetRelativePath(Repository.Root, path));
    }

    // An example may leave lines out; what it shows has to come in the same order.
    private static IEnumerable<string> LinesNotIn(string file, string code)
    {
        string[] source = Repository.Read(file).Split('\n').Select(line => line.Trim()).ToArray();
        int from = 0;
        foreach (string line in code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0))
        {
            int at = Array.IndexOf(source, line, from);
            if (at < 0)
                yield return $"{file}: {line}";
            else
                from = at + 1;
        }
    }

    [GeneratedRegex(@"^```csharp\n// (?<file>\S+)\n(?<code>(?:.*\n)*?)```$", RegexOptions.Multiline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\]\((?![a-z]+:|#)([^)#\s]+)")]
    private static partial Regex Link();
}
