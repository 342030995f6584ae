using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
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
        // '@file' is for the options that have it, such as -d of curl.
        var syntax = new ParserConfiguration { ResponseFileTokenReplacer = null };
        ParseResult parsed = MakeRoot(console).Parse(args, syntax);
        // The signals are ours: the library's handler does not survive a second one.
        var invocation = new InvocationConfiguration
        {
            Output = console.Out, Error = console.Error, ProcessTerminationTimeout = null,
        };
        if (parsed.Action is ParseErrorAction mistake)
            TellOnError(parsed, mistake, invocation);
        int code = await parsed.InvokeAsync(invocation, cancellationToken);
        if (parsed.Action is ParseErrorAction { ShowHelp: false })
            await console.Error.WriteLineAsync($"See '{NameOf(parsed.CommandResult)} --help'.");
        return parsed.Errors.Count > 0 && code == 1 ? Usage : code;
    }

    // The standard output is for results: what reads it must not find a page of help there.
    private static void TellOnError(ParseResult parsed, ParseErrorAction mistake, InvocationConfiguration invocation)
    {
        invocation.Output = invocation.Error;
        bool isCommandMissing = parsed.CommandResult.Command is not ToolCommand;
        mistake.ShowHelp = isCommandMissing && parsed.UnmatchedTokens.Count == 0;
        mistake.ShowTypoCorrections = isCommandMissing; // for 'eth0' it would propose -h
    }

    private static string NameOf(CommandResult command) => command.Parent is CommandResult parent
        ? $"{NameOf(parent)} {command.Command.Name}"
        : "usertcp"; // and not what its assembly is called

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
            new PerfCommand(context), new TraceCommand(context), new DumpCommand(context), new SocketsCommand(context),
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
