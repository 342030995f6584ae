namespace UserTcp.Testing.Packetdrill.Syntax;

/// <summary>
/// Sections between <c>#ifdef</c>, <c>#else</c> and <c>#endif</c>, which some collections of scripts have their
/// preprocessor choose from. Lines that do not apply become empty, so that all others keep their numbers.
/// </summary>
internal static class ConditionalSections
{
    public static string[] Select(string[] lines, IEnumerable<string> definitions)
    {
        var defined = new HashSet<string>(definitions, StringComparer.Ordinal);
        var open = new Stack<bool>();
        string[] selected = new string[lines.Length];
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].TrimEnd('\r');
            bool isDirective = Apply(line.Trim(), defined, open);
            selected[i] = isDirective || open.Contains(false) ? "" : line;
        }

        return selected;
    }

    private static bool Apply(string line, HashSet<string> defined, Stack<bool> open)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words)
        {
            case ["#ifdef", string name, ..]:
                open.Push(defined.Contains(name));
                return true;
            case ["#ifndef", string name, ..]:
                open.Push(!defined.Contains(name));
                return true;
            case ["#else", ..] when open.Count > 0:
                open.Push(!open.Pop());
                return true;
            case ["#endif", ..] when open.Count > 0:
                open.Pop();
                return true;
            default:
                return false;
        }
    }
}
