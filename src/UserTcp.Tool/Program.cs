using System.CommandLine;
using UserTcp.Tool.Commands;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool;

/// <summary>The commands, one class each in <c>Commands</c>.</summary>
internal static class Program
{
    /// <summary>The exit code for a command line that makes no sense.</summary>
    private const int Usage = 2;

    private static async Task<int> Main(string[] args)
    {
        using var console = ToolConsole.OfProcess();
        using var interruption = Interruption.OfProcess(console.Error);
        return await RunAsync(args, console, interruption.Token);
    }

    /// <summary>The whole program.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="console">What it reads and writes.</param>
    /// <param name="cancellationToken">The same as Ctrl+C.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(string[] args, ToolConsole console, CancellationToken cancellationToken)
    {
        ParseResult parsed = MakeRoot(console).Parse(args);
        // The signals are ours: the library's handler does not survive a second one.
        var invocation = new InvocationConfiguration
        {
            Output = console.Out, Error = console.Error, ProcessTerminationTimeout = null,
        };
        int code = await parsed.InvokeAsync(invocation, cancellationToken);
        return parsed.Errors.Count > 0 && code == 1 ? Usage : code;
    }

    private static RootCommand MakeRoot(ToolConsole console)
    {
        var root = new RootCommand("UserTcp at the command line: a TCP/IP stack in this process, not the system's.");
        var options = new GlobalOptions();
        options.AddTo(root);
        HelpWithExamples.AddTo(root);
        var context = new ToolContext(console, options);
        Command[] commands =
        [
            new PingCommand(context), new GetCommand(context), new ServeCommand(context), new NetcatCommand(context),
            new PerfCommand(context), new TraceCommand(context),
            new DevicesCommand(context), new DoctorCommand(context),
            new PacketdrillCommand(context), SimulationCommand.Make(context),
        ];
        foreach (Command command in commands)
        {
            root.Subcommands.Add(command);
            if (command is ToolCommand tool)
                options.AddTo(tool);
        }

        return root;
    }
}
