using System.Text.RegularExpressions;

namespace UserTcp.Architecture.Tests.Support;

/// <summary>A type that a source file declares at its left margin.</summary>
internal sealed record DeclaredType(string Namespace, string Name, bool IsPublic, SourceFile File)
{
    public string FullName => $"{Namespace}.{Name}";
}

/// <summary>
/// Which file declares which type. File-scoped namespaces put every type that is not nested at the left margin, so a
/// line scan finds them all.
/// </summary>
internal static partial class SourceMap
{
    public static IReadOnlyList<DeclaredType> Types(IEnumerable<SourceFile> files) =>
        files.SelectMany(TypesOf).ToList();

    public static string? NamespaceOf(SourceFile file) =>
        NamespaceLine().Match(file.Text) is { Success: true } match ? match.Groups[1].Value : null;

    private static IEnumerable<DeclaredType> TypesOf(SourceFile file)
    {
        string space = NamespaceOf(file) ?? "";
        foreach (Match match in TypeLine().Matches(file.Text))
        {
            int arity = match.Groups["args"].Success ? match.Groups["args"].Value.Count(c => c == ',') + 1 : 0;
            string name = match.Groups["name"].Value + (arity > 0 ? $"`{arity}" : "");
            bool isPublic = match.Value.StartsWith("public ", StringComparison.Ordinal);
            yield return new DeclaredType(space, name, isPublic, file);
        }
    }

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(
        @"^(?:(?:public|internal|file|sealed|abstract|static|readonly|ref|partial|unsafe) )+" +
        @"(?:class|struct|interface|enum|record struct|record class|record|delegate [\w<>\[\],.? ]+?) " +
        @"(?<name>\w+)(?:<(?<args>[^>]+)>)?",
        RegexOptions.Multiline)]
    private static partial Regex TypeLine();
}
