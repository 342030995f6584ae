namespace UserTcp.Tool.Terminal;

/// <summary>What the tool reads and writes.</summary>
internal sealed class ToolConsole : IDisposable
{
    public required Stream Input { get; init; }

    /// <summary>For bytes that are not ours: bodies, and what netcat receives.</summary>
    public required Stream Output { get; init; }

    /// <summary>The same as <see cref="Output"/>, for text.</summary>
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Whether a person looks at the standard output.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>Whether a person looks at the standard error.</summary>
    public bool IsErrorTerminal { get; init; }

    public static ToolConsole OfProcess() => new()
    {
        Input = Console.OpenStandardInput(),
        Output = Console.OpenStandardOutput(),
        Out = Console.Out,
        Error = Console.Error,
        IsOutputTerminal = !Console.IsOutputRedirected,
        IsErrorTerminal = !Console.IsErrorRedirected,
    };

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
    }
}
