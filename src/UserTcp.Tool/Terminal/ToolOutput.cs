using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace UserTcp.Tool.Terminal;

/// <summary>
/// How a command tells its results: tables and live views on a terminal, plain lines when redirected, or JSON.
/// </summary>
internal sealed class ToolOutput
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it is read by programs that show it, not by browsers
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private static readonly JsonSerializerOptions s_jsonLine = new(s_json) { WriteIndented = false };

    public ToolOutput(ToolConsole console, bool json, bool noColor)
    {
        Console = console;
        IsJson = json;
        IsLive = console.IsOutputTerminal && !json;
        Screen = MakeScreen(console.Out, console.IsOutputTerminal, noColor);
        ErrorScreen = MakeScreen(console.Error, console.IsErrorTerminal, noColor);
    }

    public ToolConsole Console { get; }

    public bool IsJson { get; }

    /// <summary>Whether tables may be drawn and redrawn.</summary>
    public bool IsLive { get; }

    /// <summary>The standard output.</summary>
    public IAnsiConsole Screen { get; }

    /// <summary>The standard error.</summary>
    public IAnsiConsole ErrorScreen { get; }

    /// <summary>A line of the result; none where JSON was asked for.</summary>
    public void Line(string text)
    {
        if (!IsJson)
            Console.Out.WriteLine(Clean(text));
    }

    /// <summary>The same for a text of several lines.</summary>
    public void Lines(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            Line(line);
        }
    }

    /// <summary>A line beside the result.</summary>
    public void Note(string text) => Console.Error.WriteLine(Clean(text));

    /// <summary>Tells of a failure.</summary>
    public void Error(string text)
    {
        string line = $"usertcp {Clean(text)}";
        if (Console.IsErrorTerminal)
            ErrorScreen.Write(new Text(line + Environment.NewLine, new Style(Color.Red)));
        else
            Console.Error.WriteLine(line);
    }

    /// <summary>The result as JSON.</summary>
    public void Json<T>(T value) => Console.Out.WriteLine(ToJson(value));

    public static string ToJson<T>(T value) => JsonSerializer.Serialize(value, s_json);

    /// <summary>The same on one line.</summary>
    public static string ToJsonLine<T>(T value) => JsonSerializer.Serialize(value, s_jsonLine);

    /// <summary>What others sent must not steer the terminal.</summary>
    public static string Clean(string text)
    {
        if (!text.Any(char.IsControl))
            return text;

        StringBuilder clean = new(text);
        for (int i = 0; i < clean.Length; i++)
        {
            if (char.IsControl(clean[i]))
                clean[i] = '?';
        }

        return clean.ToString();
    }

    // Spectre would write its escape sequences into files as well, did one not forbid it.
    private static IAnsiConsole MakeScreen(TextWriter writer, bool isTerminal, bool noColor)
    {
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal && !noColor ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        return screen;
    }
}
