using System.Text.RegularExpressions;
using UserTcp.Architecture.Tests.Support;

namespace UserTcp.Architecture.Tests.Compliance;

/// <summary>
/// Names the type and the member that a line of source belongs to. Namespaces are file-scoped and code is indented by
/// four, so a line at the margin is of a type and a line four in is of a member; deeper ones belong to what is above.
/// </summary>
internal static partial class MemberNames
{
    private const int MemberIndent = 4;

    /// <summary>
    /// The member at a line: the one declared below a comment or an attribute, else the one around it.
    /// </summary>
    /// <returns>Null where there is none, at the head of a file.</returns>
    public static string? MemberAt(SourceFile file, int line)
    {
        int at = line;
        if (Indent(file.Lines[line]) <= MemberIndent)
        {
            while (at < file.Lines.Length && !IsDeclaration(file.Lines[at], MemberIndent))
                at++;
        }
        else
        {
            while (at >= 0 && !IsDeclaration(file.Lines[at], MemberIndent))
                at--;
        }

        return at >= 0 && at < file.Lines.Length ? NameIn(file.Lines[at]) : null;
    }

    /// <summary>
    /// The type at the margin that a line belongs to, or that is declared below it if the line is there too.
    /// </summary>
    public static string? TypeAt(SourceFile file, int line)
    {
        int step = Indent(file.Lines[line]) == 0 ? 1 : -1;
        for (int at = line; at >= 0 && at < file.Lines.Length; at += step)
        {
            if (TypeLine().Match(file.Lines[at]) is { Success: true } type)
                return type.Groups[1].Value;
        }

        return null;
    }

    public static int Indent(string line) => line.Length - line.TrimStart().Length;

    /// <summary>The name in the first line of a declaration.</summary>
    public static string NameIn(string line)
    {
        if (TypeLine().Match(line.TrimStart()) is { Success: true } type)
            return type.Groups[1].Value;

        string head = HeadEnd().Split(TupleType().Replace(line, " "), 2)[0].TrimEnd();
        return LastName().Match(GenericArguments().Replace(head, "")).Value;
    }

    private static bool IsDeclaration(string line, int maxIndent) =>
        Indent(line) <= maxIndent && line.TrimStart() is [var first, ..]
        && (char.IsLetter(first) || first is '(' or '~' or '_') && !FileLevel().IsMatch(line);

    [GeneratedRegex(
        @"^(?:(?:public|internal|private|protected|file|sealed|abstract|static|readonly|ref|partial|unsafe) )*" +
        @"(?:class|struct|interface|enum|record struct|record class|record) (\w+)")]
    private static partial Regex TypeLine();

    [GeneratedRegex("^(?:using|namespace) ")]
    private static partial Regex FileLevel();

    [GeneratedRegex(@"(?<=[ <])\([^()]*\)\??(?=[ >,])")]
    private static partial Regex TupleType();

    [GeneratedRegex(@"\(| => |=>$| \{| = |;|,$")]
    private static partial Regex HeadEnd();

    [GeneratedRegex(@"<[^>]*>+$")]
    private static partial Regex GenericArguments();

    [GeneratedRegex(@"(?:operator \S+|this\[.*|~?\w+)$")]
    private static partial Regex LastName();
}
