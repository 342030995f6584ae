using System.CommandLine;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool;

/// <summary>A command that talks to the user: failures are a line on the standard error and an exit code.</summary>
internal abstract class ToolCommand : Command
{
    /// <summary>Ctrl+C, as shells report it.</summary>
    protected const int Interrupted = Interruption.ExitCode;

    /// <summary>An unexpected exception: EX_SOFTWARE of sysexits.h.</summary>
    private const int Bug = 70;

    private readonly ToolConsole _console;
    private ToolException? _captureFailure;

    protected ToolCommand(ToolContext context, string name, string description, params string[] examples)
        : base(name, description)
    {
        Context = context;
        _console = context.Console;
        Examples = examples;
        SetAction(InvokeAsync);
    }

    /// <summary>Command lines for the help text, without the name of the tool.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>The global options that mean something here; others are refused.</summary>
    public virtual GlobalOptionSet Heeds => GlobalOptionSet.All;

    protected ToolContext Context { get; }

    /// <summary>Does the work.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="output">Where to tell of it.</param>
    /// <param name="cancellationToken">Ctrl+C.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="ToolException">It could not be done.</exception>
    protected abstract Task<int> RunAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken);

    /// <summary>The exit code for a failure.</summary>
    protected virtual int CodeOf(Failure failure) => failure == Failure.Usage ? 2 : 1;

    /// <summary>Whether the results are wanted as JSON.</summary>
    protected virtual bool WantsJson(ParseResult parsed) => Context.Options.WantsJson(parsed);

    /// <summary>Whether failures are told; bugs always are.</summary>
    protected virtual bool TellsFailures(ParseResult parsed) => true;

    /// <summary>
    /// The exit code if the reader of the output has gone: that of a program that SIGPIPE ended.
    /// </summary>
    protected virtual int CodeOfClosedOutput => 141;

    /// <summary>The network that the command line asks for; a capture that fails at its end is told by us.</summary>
    protected NetworkSettings NetworkOf(ParseResult parsed) =>
        Context.Options.NetworkOf(parsed) with { CaptureFailed = failure => _captureFailure = failure };

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var output = new ToolOutput(_console, WantsJson(parsed), Context.Options.WantsNoColor(parsed));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _console.Watch.Failed);
        int code = await AttemptAsync(parsed, output, stop.Token);
        if (_captureFailure is not null)
            code = FirstOf(code, Tell(parsed, output, _captureFailure));
        return _console.Watch.Error is { } error
            ? FirstOf(code, Tell(parsed, output, OutputWatch.FailureOf(error))) : code;
    }

    private async Task<int> AttemptAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(parsed, output, cancellationToken);
        }
        catch (ToolException failure)
        {
            return Tell(parsed, output, failure);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception bug)
        {
            // Nobody has thought of this one. It is told as what it is, and where it comes from can be asked for.
            output.Error($"{Name}: {bug.GetType().FullName}: {bug.Message}");
            if (!_console.ShowsStackTraces)
                output.Note($"This is a bug in usertcp: {ToolConsole.StackVariable}=1 in the environment shows where.");
            ShowStack(output, bug);
            return Bug;
        }
    }

    private int Tell(ParseResult parsed, ToolOutput output, ToolException failure)
    {
        ShowStack(output, failure);
        if (failure.Failure == Failure.OutputClosed)
            return CodeOfClosedOutput;

        if (TellsFailures(parsed))
            output.Error($"{Name}: {failure.Message}");
        return CodeOf(failure.Failure);
    }

    private void ShowStack(ToolOutput output, Exception error)
    {
        if (!_console.ShowsStackTraces)
            return;

        foreach (string line in error.ToString().Split(Environment.NewLine))
        {
            output.Note(line);
        }
    }

    // An interruption may be the regular end, or come from the failure itself.
    private static int FirstOf(int code, int next) => code is 0 or Interrupted ? next : code;
}
