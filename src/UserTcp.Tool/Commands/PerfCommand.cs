using System.CommandLine;
using System.Globalization;
using System.Net;
using UserTcp.Tool.Network;
using UserTcp.Tool.Perf;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>perf</c>: a client and a server that talk to iperf3, and to each other.</summary>
internal sealed class PerfCommand : ToolCommand
{
    private const int DefaultPort = 5201;

    private readonly Option<string?> _client = new("--client", "-c")
    {
        HelpName = "HOST", Description = "Measures with the server on this host.",
    };

    private readonly Option<bool> _server = new("--server", "-s") { Description = "Is the server." };
    private readonly Option<bool> _oneOff = new("--one-off", "-1") { Description = "Ends after a test (server)." };

    private readonly Option<int> _port = new("--port", "-p")
    {
        HelpName = "N", DefaultValueFactory = _ => DefaultPort, Description = "The server's port.",
    };

    private readonly Option<int> _time = new("--time", "-t")
    {
        HelpName = "SECONDS", DefaultValueFactory = _ => 10, Description = "How long to measure.",
    };

    private readonly Option<long> _bytes = SizeOption("--bytes", "-n", 0, "How much to transfer, instead of a time.");
    private readonly Option<int> _omit = new("--omit", "-O")
    {
        HelpName = "SECONDS", Description = "What to leave out at first, such as slow start.",
    };

    private readonly Option<int> _parallel = new("--parallel", "-P")
    {
        HelpName = "N", DefaultValueFactory = _ => 1, Description = "How many streams.",
    };

    private readonly Option<bool> _reverse = new("--reverse", "-R") { Description = "The server sends." };

    private readonly Option<long> _length = SizeOption(
        "--length", "-l", PerfParameters.DefaultBlockBytes, "The bytes of one write.");

    private readonly Option<double> _interval = new("--interval", "-i")
    {
        HelpName = "SECONDS", DefaultValueFactory = _ => 1, Description = "The time between two reports.",
    };

    public PerfCommand(ToolContext context)
        : base(
            context, "perf", "Measures the throughput of TCP. Speaks the protocol of iperf3, version 3.1 and later.",
            "perf -c 192.168.1.7 -R -P 4",
            "perf -c 10.9.0.2 -t 30 --link veth0 --address 10.9.0.50/24 --json",
            "perf -s --link eth0 --address 192.168.1.50/24")
    {
        Option[] options =
        [
            _client, _server, _oneOff, _port, _time, _bytes, _omit, _parallel, _reverse, _length, _interval,
        ];
        foreach (Option option in options)
        {
            Options.Add(option);
        }
    }

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        bool isServer = parsed.GetValue(_server);
        string? host = parsed.GetValue(_client);
        if (isServer == (host is not null))
            throw new ToolException(Failure.Usage, "Either -c HOST or -s is needed.");

        TimeSpan interval = TimeSpan.FromSeconds(InRange(parsed.GetValue(_interval), 0.1, 3600, "--interval"));
        int port = (int)InRange(parsed.GetValue(_port), 1, 65535, "--port");
        if (isServer)
        {
            await ServeAsync(parsed, new Common(port, interval, output), cancellationToken);
            return 0;
        }

        PerfParameters parameters = ParametersOf(parsed);
        await using NetworkSession session = await NetworkSession.OpenAsync(
            NetworkOf(parsed), cancellationToken);
        IPAddress address = await HostNames.ResolveAsync(session, host!, cancellationToken);
        var client = new PerfClient(session, new IPEndPoint(address, port), parameters, interval, ViewFor(output));
        await client.RunAsync(cancellationToken);
        return 0;
    }

    private async Task ServeAsync(ParseResult parsed, Common common, CancellationToken cancellationToken)
    {
        await using NetworkSession session = await NetworkSession.OpenForOthersAsync(
            NetworkOf(parsed), cancellationToken);
        var server = new PerfServer(session, common.Port, common.Interval, () => ViewFor(common.Output))
        {
            Tell = common.Output.IsJson ? common.Output.Note : common.Output.Line,
        };
        await server.RunAsync(parsed.GetValue(_oneOff), cancellationToken);
    }

    private PerfParameters ParametersOf(ParseResult parsed)
    {
        long bytes = parsed.GetValue(_bytes);
        return new PerfParameters
        {
            Bytes = bytes,
            Seconds = bytes > 0 ? 0 : (int)InRange(parsed.GetValue(_time), 1, 86_400, "--time"),
            OmitSeconds = (int)InRange(parsed.GetValue(_omit), 0, 60, "--omit"),
            Streams = (int)InRange(parsed.GetValue(_parallel), 1, PerfParameters.MaxStreams, "--parallel"),
            BlockBytes = (int)InRange(parsed.GetValue(_length), 1, PerfParameters.MaxBlockBytes, "--length"),
            IsReverse = parsed.GetValue(_reverse),
        };
    }

    private static IPerfView ViewFor(ToolOutput output) => output switch
    {
        { IsJson: true } => new JsonPerfView(output),
        { IsLive: true } => new LivePerfView(output),
        _ => new PlainPerfView(output),
    };

    private static double InRange(double value, double least, double most, string option) =>
        value >= least && value <= most
            ? value
            : throw new ToolException(Failure.Usage, $"{option} takes {least} to {most}.");

    private static Option<long> SizeOption(string name, string alias, long fallback, string description) =>
        new(name, alias)
        {
            HelpName = "BYTES[KMG]",
            DefaultValueFactory = _ => fallback,
            CustomParser = argument => GlobalOptions.Read(
                argument, ParseSize, "an amount, such as 500000, 128K or 1G") ?? 0,
            Description = description,
        };

    // As iperf3 has it: K, M and G are powers of 1024.
    private static long? ParseSize(string text)
    {
        int shift = text.Length == 0
            ? 0
            : char.ToUpperInvariant(text[^1]) switch { 'K' => 10, 'M' => 20, 'G' => 30, _ => 0 };
        string digits = shift == 0 ? text : text[..^1];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            && number is > 0 and < 1L << 33 ? number << shift : null;
    }

    private readonly record struct Common(int Port, TimeSpan Interval, ToolOutput Output);
}
