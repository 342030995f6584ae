using System.Text.RegularExpressions;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Tests.Support;

/// <summary>A terminal of a width, and what is to be seen on it.</summary>
internal static partial class TestTerminal
{
    /// <summary>Only to fail where a test would hang; nothing waits for it.</summary>
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    /// <summary>The lines that somebody writes to it, without the sequences that colour them.</summary>
    public static async Task<string[]> LinesOfAsync(int width, Action<ToolOutput> write)
    {
        using var text = new StringWriter();
        using var console = new ToolConsole
        {
            Input = Stream.Null, Output = Stream.Null, Out = text, Error = text, IsOutputTerminal = true,
        };
        var output = new ToolOutput(console, json: false, noColor: false);
        output.Screen.Profile.Width = width;
        await Task.Run(() => write(output)).WaitAsync(s_guard);
        return Escapes().Replace(text.ToString(), "").ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }

    [GeneratedRegex("\u001b\\[[0-9;?]*[A-Za-z]")]
    private static partial Regex Escapes();
}
