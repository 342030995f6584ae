using System.Text;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Get;

/// <summary>The format of <c>-w</c>: text, escapes, and variables.</summary>
internal sealed class WriteOut(string format)
{
    private const string Header = "%header{";

    /// <summary>Writes it.</summary>
    /// <param name="values">What the variables stand for.</param>
    /// <param name="console">The standard output, and the standard error from <c>%{stderr}</c> on.</param>
    public void Write(WriteOutValues values, ToolConsole console)
    {
        TextWriter writer = console.Out;
        var text = new StringBuilder();
        for (int i = 0; i < format.Length;)
        {
            i += format[i] switch
            {
                '\\' => Escape(i, text),
                '%' => Percent(i, text, values, console, ref writer),
                _ => Plain(format[i], text),
            };
            if (i < 0) // the rest is for failures
                break;
        }

        writer.Write(text.ToString());
    }

    private static int Plain(char letter, StringBuilder text)
    {
        text.Append(letter);
        return 1;
    }

    private int Escape(int at, StringBuilder text)
    {
        char next = at + 1 < format.Length ? format[at + 1] : '\0';
        text.Append(next switch
        {
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            '\0' => "\\",
            _ => $"\\{next}",
        });
        return next == '\0' ? 1 : 2;
    }

    // The length of what stands there, or int.MinValue for the end.
    private int Percent(int at, StringBuilder text, WriteOutValues values, ToolConsole console, ref TextWriter writer)
    {
        if (string.CompareOrdinal(format, at, "%%", 0, 2) == 0)
            return 1 + Plain('%', text);

        bool isHeader = string.CompareOrdinal(format, at, Header, 0, Header.Length) == 0;
        int begin = at + (isHeader ? Header.Length : 2);
        int end = isHeader || string.CompareOrdinal(format, at, "%{", 0, 2) == 0 ? format.IndexOf('}', at) : -1;
        if (end < begin)
            return Plain('%', text);

        string name = format[begin..end];
        if (isHeader)
            text.Append(values.FieldOf(name));
        else if (name == "onerror" && values.ExitCode == 0)
            return int.MinValue;
        else if (name is "stdout" or "stderr")
        {
            writer.Write(text.ToString());
            text.Clear();
            writer = name == "stdout" ? console.Out : console.Error;
        }
        else if (values.Find(name) is { } value)
            text.Append(value);
        else if (name != "onerror")
            console.Error.WriteLine($"usertcp get: There is no variable '{ToolOutput.Clean(name)}' for -w.");
        return end + 1 - at;
    }
}
