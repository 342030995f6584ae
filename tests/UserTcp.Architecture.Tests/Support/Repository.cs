namespace UserTcp.Architecture.Tests.Support;

/// <summary>A file of the repository, with its path as the repository spells it: relative, with slashes.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    public string[] Lines { get; } = Text.Split('\n');

    /// <summary>The folder, without the file's name.</summary>
    public string Folder => Path[..Path.LastIndexOf('/')];
}

/// <summary>The working tree that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] s_built = ["bin", "obj", "artifacts", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    public static string PathOf(string relative) =>
        Path.Combine(Root, relative.Replace('/', Path.DirectorySeparatorChar));

    public static string Read(string relative) => File.ReadAllText(PathOf(relative)).ReplaceLineEndings("\n");

    /// <summary>The C# files below some folders, generated and built ones left out, in ordinal order.</summary>
    public static IReadOnlyList<SourceFile> CSharp(params string[] folders) =>
        folders.Where(folder => Directory.Exists(PathOf(folder)))
            .SelectMany(folder => Directory.EnumerateFiles(PathOf(folder), "*.cs", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(Root, path).Replace(Path.DirectorySeparatorChar, '/'))
            .Where(path => !path.Split('/').Intersect(s_built).Any())
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(path, Read(path)))
            .ToList();

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "UserTcp.sln")))
                return at.FullName;
        }

        throw new InvalidOperationException(
            $"No UserTcp.sln above {AppContext.BaseDirectory}: these tests read the sources of the repository.");
    }
}
