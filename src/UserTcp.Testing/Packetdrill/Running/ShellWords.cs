using System.Text;

namespace UserTcp.Testing.Packetdrill.Running;

/// <summary>
/// The commands of a shell in their words: quotes, ends of lines, and where output goes are taken care of.
/// </summary>
internal static class ShellWords
{
    private const string Separators = "\n;|&";

    /// <summary>
    /// The commands in their order, each with the sign before it: "" or ";" for one after another, "|" for one that
    /// reads what the one before writes, "&amp;&amp;" and "||" for one that depends on it.
    /// </summary>
    public static List<(string Sign, List<string> Words)> Split(string script)
    {
        // A line goes on after a backslash at its end.
        string text = script.Replace("\r", "", StringComparison.Ordinal)
            .Replace("\\\n", " ", StringComparison.Ordinal);
        var commands = new List<(string Sign, List<string> Words)>();
        var words = new List<string>();
        string sign = "";
        int at = 0;
        while (at < text.Length)
        {
            if (Separators.Contains(text[at], StringComparison.Ordinal))
            {
                Add(commands, sign, words);
                words = [];
                sign = TakeSign(text, ref at);
            }
            else if (text[at] == '#')
            {
                int end = text.IndexOf('\n', at);
                at = end < 0 ? text.Length : end;
            }
            else if (char.IsWhiteSpace(text[at]))
            {
                at++;
            }
            else
            {
                words.Add(TakeWord(text, ref at));
            }
        }

        Add(commands, sign, words);
        return commands;
    }

    private static void Add(List<(string Sign, List<string> Words)> commands, string sign, List<string> words)
    {
        WithoutRedirections(words);
        if (words.Count > 0)
            commands.Add((commands.Count == 0 || sign is "\n" or "&" ? ";" : sign, words));
    }

    private static string TakeSign(string text, ref int at)
    {
        int length = text[at] is '|' or '&' && at + 1 < text.Length && text[at + 1] == text[at] ? 2 : 1;
        at += length;
        return text.Substring(at - length, length);
    }

    private static string TakeWord(string text, ref int at)
    {
        var word = new StringBuilder();
        char quote = '\0';
        for (; at < text.Length; at++)
        {
            char c = text[at];
            if (quote == '\0' && (char.IsWhiteSpace(c) || (c is '\n' or ';' or '|') || IsBackground(text, at)))
                break;
            if (quote == '\0' && c is '"' or '\'')
                quote = c;
            else if (c == quote)
                quote = '\0';
            else
                word.Append(c);
        }

        return word.ToString();
    }

    // "&" ends a command, but not in "2>&1" and "&>".
    private static bool IsBackground(string text, int at) =>
        text[at] == '&' && (at == 0 || text[at - 1] != '>') && (at + 1 >= text.Length || text[at + 1] != '>');

    private static void WithoutRedirections(List<string> words)
    {
        for (int i = words.Count - 1; i >= 0; i--)
        {
            int sign = words[i].IndexOf('>', StringComparison.Ordinal);
            bool isOutput = sign >= 0 && words[i][..sign].All(c => char.IsAsciiDigit(c) || c == '&');
            if (!isOutput)
                continue;
            string target = words[i][(sign + 1)..].TrimStart('>');
            if (target.Length == 0 && i + 1 < words.Count)
            {
                target = words[i + 1];
                words.RemoveAt(i + 1);
            }

            // What goes to a setting is no output but what the command is about.
            if (target.StartsWith("/proc/sys/", StringComparison.Ordinal))
                words[i] = ">" + target;
            else
                words.RemoveAt(i);
        }
    }
}
