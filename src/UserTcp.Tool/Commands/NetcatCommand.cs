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
        Arity = new ArgumentArity(1, 2),
        Description = "Where to connect to; with -l, the port to listen on; with -z, a port or a range such as 20-30.",
    };

    private readonly Option<bool> _listen = new("--listen", "-l") { Description = "Waits for one connection." };

    private readonly Option<bool> _keep = new("--keep-open", "-k")
    {
        Description = "With -l, waits for another connection when one is over, until Ctrl+C.",
    };

    private readonly Option<bool> _scan = new("--zero", "-z")
    {
        Description = "Sends nothing: reports which ports accept connections, with -v also which do not. The exit code "
            + "is 0 if any does.",
    };

    private readonly Option<double?> _wait = new("--wait", "-w")
    {
        HelpName = "SECONDS", Description = "How long to wait for the connection.",
    };

    private readonly Option<bool> _verbose = new("--verbose", "-v")
    {
        Description = "Reports the connection on the standard error.",
    };

    public NetcatCommand(ToolContext context)
        : base(
            context, "nc",
            "Pipes the standard input into a connection, and what comes back to the standard output. The end of the "
            + "input is sent as a FIN; the command ends when both directions have.",
            "nc 192.168.1.7 25 --link eth0 --address 192.168.1.50/24",
            "nc -l 9000 --link eth0 --address 192.168.1.50/24 > received.bin",
            "nc 127.0.0.1 9000 < file.bin",
            "nc -z -w 2 192.168.1.7 20-30")
    {
        Arguments.Add(_where);
        Options.Add(_listen);
        Options.Add(_keep);
        Options.Add(_scan);
        Options.Add(_wait);
        Options.Add(_verbose);
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.All & ~GlobalOptionSet.Json;

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        string[] where = parsed.GetValue(_where)!;
        bool listens = parsed.GetValue(_listen);
        Check(where, listens, parsed);
        TimeSpan? wait = parsed.GetValue(_wait) is { } seconds ? OptionRange.Seconds(seconds, "--wait") : null;
        Action<string> tell = parsed.GetValue(_verbose) ? output.Note : static _ => { };
        if (parsed.GetValue(_scan))
            return await ScanAsync(parsed, where, new PortScan(output.Note, tell) { Wait = wait }, cancellationToken);

        var pipe = new NetcatPipe(output.Console.Input, output.Console.Output)
        {
            Tell = tell, Wait = wait, KeepsListening = parsed.GetValue(_keep),
        };
        int port = HostNames.ParsePort(where[^1]);
        NetworkSettings settings = NetworkOf(parsed);
        await using NetworkSession session = listens
            ? await NetworkSession.OpenForOthersAsync(settings, cancellationToken)
            : await NetworkSession.OpenAsync(settings, cancellationToken);
        if (listens)
            await pipe.ListenAsync(session, port, cancellationToken);
        else
            await pipe.ConnectAsync(session, where[0], port, cancellationToken);
        return 0;
    }

    private void Check(string[] where, bool listens, ParseResult parsed)
    {
        if (where.Length != (listens ? 1 : 2))
            throw new ToolException(Failure.Usage, listens ? "-l takes a port." : "A host and a port are needed.");
        if (parsed.GetValue(_keep) && !listens)
            throw new ToolException(Failure.Usage, "-k is for -l: it keeps listening.");
        if (parsed.GetValue(_scan) && listens)
            throw new ToolException(Failure.Usage, "-z connects and -l listens: use one of them.");
    }

    private async Task<int> ScanAsync(
        ParseResult parsed, string[] where, PortScan scan, CancellationToken cancellationToken)
    {
        var ports = PortRange.Parse(where[1]);
        await using NetworkSession session = await NetworkSession.OpenAsync(NetworkOf(parsed), cancellationToken);
        return await scan.RunAsync(session, where[0], ports, cancellationToken) ? 0 : 1;
    }
}
