namespace UserTcp.Tool.Terminal;

/// <summary>What the tool reads and writes.</summary>
internal sealed class ToolConsole : IDisposable
{
    /// <summary>The variable of the environment for <see cref="ShowsStackTraces"/>.</summary>
    public const string StackVariable = "USERTCP_STACK_TRACE";

    public required Stream Input { get; init; }

    /// <summary>For bytes that are not ours: bodies, and what netcat receives. Failures are exceptions.</summary>
    public required Stream Output { get; init; }

    /// <summary>The same as <see cref="Output"/>, for text. Failures are the <see cref="Watch"/>'s.</summary>
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Whether <see cref="Out"/> has failed.</summary>
    public OutputWatch Watch { get; init; } = new();

    /// <summary>The clock of waits that a test does not want to wait for.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Whether a person looks at the standard output.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>Whether a person looks at the standard error.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>Whether failures are told with the place in the code where they were noticed.</summary>
    public bool ShowsStackTraces { get; init; }

    public static ToolConsole OfProcess()
    {
        Stream output = StandardStreams.OpenOutput();
        var watch = new OutputWatch();
        return new ToolConsole
        {
            Input = StandardStreams.OpenInput(),
            Output = output,
            Watch = watch,

            // A terminal is known by its writer: Spectre asks for that one.
            Out = Console.IsOutputRedirected ? watch.WriteTo(output, Console.Out.Encoding) : Console.Out,
            Error = StandardStreams.OpenError(),
            IsOutputTerminal = !Console.IsOutputRedirected,
            IsErrorTerminal = !Console.IsErrorRedirected,
            ShowsStackTraces = Environment.GetEnvironmentVariable(StackVariable) is { Length: > 0 },
        };
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
        Watch.Dispose();
    }
}
