using Microsoft.CodeAnalysis.Text;

namespace UserTcp.Mutants;

/// <summary>One change of one line of the library.</summary>
/// <param name="Path">The file, relative to <c>src/UserTcp</c>, with forward slashes.</param>
/// <param name="Span">The changed characters of the original file.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Change">The original text and its replacement.</param>
/// <param name="Source">The whole line, trimmed. It finds the mutant again after lines above it have moved.</param>
internal sealed record Mutant(string Path, TextSpan Span, int Line, MutantChange Change, string Source)
{
    /// <summary>The room, which is the first folder of the path.</summary>
    public string Room => Path[..Path.IndexOf('/')];

    /// <summary>The name of a mutant in the list of survivors. It holds no line number.</summary>
    public string Key => $"{Path}\t{Change}\t{Source}";

    public override string ToString() => $"{Path}:{Line}  {Change}  in  {Source}";
}
