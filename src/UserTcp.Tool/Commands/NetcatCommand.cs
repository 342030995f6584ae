using System.CommandLine;
using UserTcp.Tool.Netcat;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>nc</c>: the standard input to a connection, the connection to the standard output.</summary>
internal sealed class NetcatCommand : ToolCommand
{
    private readonly Argument<string[]> _where = new("[HOST] PORT")
    {
        Arity = new ArgumentArity(1, 2), Description = "Where to connect to; with -l, the port to listen on.",
    };

    private readonly Option<bool> _listen = new("--listen", "-l") { Description = "Waits for one connection." };

    private readonly Option<double?> _wait = new("--wait", "-w")
    {
        HelpName = "SECONDS", Description = "How long to wait for the connection.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Tells of the connection on the standard error.",
    };

    public NetcatCommand(ToolContext context)
        : base(
            context, "nc",
            "Pipes the standard input into a connection, and what comes back to the standard output. The end of the "
            + "input is sent as a FIN; the command ends when both directions have.",
            "nc 192.168.1.7 25 --link eth0 --address 192.168.1.50/24",
            "nc -l 9000 --link eth0 --address 192.168.1.50/24 > received.bin",
            "nc 127.0.0.1 9000 < file.bin")
    {
        Arguments.Add(_where);
        Options.Add(_listen);
        Options.Add(_wait);
        Options.Add(_verbose);
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.All & ~GlobalOptionSet.Json;

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        string[] where = parsed.GetValue(_where)!;
        bool listens = parsed.GetValue(_listen);
        if (where.Length != (listens ? 1 : 2))
            throw new ToolException(Failure.Usage, listens ? "-l takes a port." : "A host and a port are needed.");

        var pipe = new NetcatPipe(output.Console.Input, output.Console.Output)
        {
            Tell = parsed.GetValue(_verbose) ? output.Note : static _ => { },
            Wait = parsed.GetValue(_wait) is { } seconds ? OptionRange.Seconds(seconds, "--wait") : null,
        };
        int port = HostNames.ParsePort(where[^1]);
        NetworkSettings settings = NetworkOf(parsed);
        await using NetworkSession session = listens
            ? await NetworkSession.OpenForOthersAsync(settings, cancellationToken)
            : await NetworkSession.OpenAsync(settings, cancellationToken);
        if (listens)
        {
            await pipe.ListenAsync(session, port, cancellationToken);
            return 0;
        }

        await pipe.ConnectAsync(session, where[0], port, cancellationToken);
        return 0;
    }
}
