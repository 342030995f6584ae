using System.CommandLine;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool;

/// <summary>A command that talks to the user: failures are a line on the standard error and an exit code.</summary>
internal abstract class ToolCommand : Command
{
    /// <summary>Ctrl+C, as shells report it.</summary>
    protected const int Interrupted = 130;

    private readonly ToolConsole _console;

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

    private async Task<int> InvokeAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var output = new ToolOutput(_console, WantsJson(parsed), Context.Options.WantsNoColor(parsed));
        try
        {
            return await RunAsync(parsed, output, cancellationToken);
        }
        catch (ToolException failure)
        {
            output.Error($"{Name}: {failure.Message}");
            return CodeOf(failure.Failure);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Interrupted;
        }
    }
}
