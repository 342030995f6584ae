namespace UserTcp.Tests.Samples;

/// <summary>The examples that people copy are the ones that compile.</summary>
public sealed class ReadmeTests
{
    [Theory]
    [InlineData("README.md", "fetch")]
    [InlineData("README.md", "serve")]
    [InlineData("README.md", "browse")]
    [InlineData("src/UserTcp/README.md", "serve")]
    [InlineData("src/UserTcp.Gateway/README.md", "embed")]
    public void An_example_of_a_readme_is_the_one_that_is_compiled(string readme, string snippet)
    {
        string text = Normalise(File.ReadAllText(Path.Combine(Root(), readme)));

        Assert.Contains(Snippet(snippet), text, StringComparison.Ordinal);
    }

    /// <summary>Three here; Kestrel's and the bad network's beside the tests of their packages.</summary>
    [Fact]
    public void Every_example_of_the_front_page_is_compared()
    {
        string text = File.ReadAllText(Path.Combine(Root(), "README.md"));

        Assert.Equal(5, text.Split("```csharp").Length - 1);
    }

    private static string Snippet(string name)
    {
        string path = Path.Combine(Root(), "tests/UserTcp.Tests/Samples/ReadmeSnippets.cs");
        string source = Normalise(File.ReadAllText(path));
        int start = source.IndexOf($"// <{name}>\n", StringComparison.Ordinal);
        int end = source.IndexOf($"        // </{name}>", StringComparison.Ordinal);
        Assert.True(start >= 0 && end > start, $"There is no snippet '{name}'.");
        IEnumerable<string> lines = source[start..end].Split('\n').Skip(1)
            .Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line);
        return string.Join('\n', lines).TrimEnd();
    }

    private static string Normalise(string text) => text.ReplaceLineEndings("\n");

    // Not by the path of this file as the compiler saw it: a deterministic build does not tell it.
    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "UserTcp.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException($"No UserTcp.sln above {AppContext.BaseDirectory}.");
    }
}
