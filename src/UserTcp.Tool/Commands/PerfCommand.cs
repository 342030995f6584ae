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
    private readonly Option<long> _blocks = SizeOption(
        "--blockcount", "-k", 0, "How many blocks of --length to transfer, instead of a time.", "N[KMG]");

    private readonly Option<int> _omit = new("--omit", "-O")
    {
        HelpName = "SECONDS", Description = "Leaves out the first part, such as slow start.",
    };

    private readonly Option<int> _parallel = new("--parallel", "-P")
    {
        HelpName = "N", DefaultValueFactory = _ => 1, Description = "How many streams.",
    };

    private readonly Option<bool> _reverse = new("--reverse", "-R") { Description = "The server sends." };

    private readonly Option<bool> _bidirectional = new("--bidir")
    {
        Description = "Both sides send, each in its own streams.",
    };

    private readonly Option<IPAddress?> _bind = new("--bind", "-B")
    {
        HelpName = "ADDRESS",
        CustomParser = argument => GlobalOptions.Read(
            argument, text => IPAddress.TryParse(text, out IPAddress? address) ? address : null, "an address"),
        Description = "The address of the stack to use, of those of --address.",
    };

    private readonly Option<int?> _connectTimeout = new("--connect-timeout")
    {
        HelpName = "MILLISECONDS", Description = "How long to wait for the control connection.",
    };

    private readonly Option<bool> _serverOutput = new("--get-server-output")
    {
        Description = "Shows the output of the server too.",
    };

    private readonly Option<bool> _jsonStream = new("--json-stream")
    {
        Description = "Prints JSON, a line for the start, for each interval, and for the end.",
    };

    private readonly Option<long> _length = SizeOption(
        "--length", "-l", PerfParameters.DefaultBlockBytes, "The bytes of one write.");

    private readonly Option<double> _interval = new("--interval", "-i")
    {
        HelpName = "SECONDS", DefaultValueFactory = _ => 1, Description = "The time between two reports.",
    };

    private readonly Option<PerfPace> _rate = new("--bitrate", "-b")
    {
        HelpName = "BITS[KMG][/N]",
        CustomParser = argument => GlobalOptions.Read(
            argument, ParseRate, "a rate, such as 500K, 10M or 1.5G, or 10M/5 for five blocks at once") ?? default,
        Description = "The rate of each stream in bits per second; 0, the default, for no limit.",
    };

    private readonly Option<int> _segment = new("--set-mss", "-M")
    {
        HelpName = "BYTES", Description = "The largest segment.",
    };

    private readonly Option<long> _window = SizeOption(
        "--window", "-w", 0, "The size of each stream's buffers; by default they tune themselves.");

    private readonly Option<bool> _noDelay = new("--no-delay", "-N") { Description = "Without Nagle's algorithm." };

    private readonly Option<int> _tos = new("--tos", "-S")
    {
        HelpName = "N",
        CustomParser = argument => GlobalOptions.Read(
            argument, ParseTos, "a number from 0 to 255, or from 0x00 to 0xff") ?? 0,
        Description = "The type of service of the packets.",
    };

    private readonly Option<string?> _congestion = new("--congestion", "-C")
    {
        HelpName = "cubic|reno", Description = "The congestion control, at both sides.",
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
            _rate, _segment, _window, _noDelay, _tos, _congestion, _blocks, _bidirectional, _bind, _connectTimeout,
            _serverOutput, _jsonStream,
        ];
        foreach (Option option in options)
        {
            Options.Add(option);
        }
    }

    protected override bool WantsJson(ParseResult parsed) =>
        base.WantsJson(parsed) || parsed.GetValue(_jsonStream);

    protected override async Task<int> RunAsync(
        ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        bool isServer = parsed.GetValue(_server);
        string? host = parsed.GetValue(_client);
        if (isServer == (host is not null))
            throw new ToolException(Failure.Usage, "Either -c HOST or -s is needed.");

        TimeSpan interval = TimeSpan.FromSeconds(
            OptionRange.Check(parsed.GetValue(_interval), 0.1, 3600, "--interval"));
        int port = OptionRange.Check(parsed.GetValue(_port), 1, 65535, "--port");
        Func<IPerfView> makeView = () => ViewFor(output, parsed.GetValue(_jsonStream));
        if (isServer)
        {
            await ServeAsync(parsed, new Common(port, interval, output, makeView), cancellationToken);
            return 0;
        }

        PerfParameters parameters = ParametersOf(parsed);
        var target = new PerfTarget(host!, port, parsed.GetValue(_bind), TimeoutOf(parsed));
        IPerfView view = makeView();
        view.Connecting(host!, port);
        try
        {
            await using NetworkSession session = await NetworkSession.OpenAsync(
                NetworkOf(parsed), cancellationToken);
            await new PerfClient(session, target, parameters, interval, view).RunAsync(cancellationToken);
            return 0;
        }
        catch (ToolException failure)
        {
            view.Failed(failure.Message);
            throw;
        }
        catch (OperationCanceledException)
        {
            view.Failed("interrupt - the client has terminated");
            throw;
        }
    }

    private async Task ServeAsync(ParseResult parsed, Common common, CancellationToken cancellationToken)
    {
        await using NetworkSession session = await NetworkSession.OpenForOthersAsync(
            NetworkOf(parsed), cancellationToken);
        var local = new IPEndPoint(parsed.GetValue(_bind) ?? IPAddress.Any, common.Port);
        var server = new PerfServer(session, local, common.Interval, common.MakeView)
        {
            Tell = common.Output.IsJson ? common.Output.Note : common.Output.Line,
        };
        await server.RunAsync(parsed.GetValue(_oneOff), cancellationToken);
    }

    private PerfParameters ParametersOf(ParseResult parsed)
    {
        long bytes = parsed.GetValue(_bytes);
        PerfPace pace = parsed.GetValue(_rate);
        string? congestion = parsed.GetValue(_congestion);
        if (congestion is not null && !PerfConnections.Knows(congestion))
            throw new ToolException(Failure.Usage, $"There is no congestion control '{congestion}' here.");

        Option[] ends = [_time, _bytes, _blocks];
        if (ends.Count(end => parsed.GetResult(end) is { Implicit: false }) > 1)
            throw new ToolException(Failure.Usage, "Only one of --time, --bytes and --blockcount makes sense.");
        if (parsed.GetValue(_bidirectional) && parsed.GetValue(_reverse))
            throw new ToolException(Failure.Usage, "--bidir has both directions, and --reverse one: use one of them.");

        long blocks = parsed.GetValue(_blocks);
        return new PerfParameters
        {
            Bytes = bytes,
            Blocks = blocks,
            IsBidirectional = parsed.GetValue(_bidirectional),
            WantsServerOutput = parsed.GetValue(_serverOutput),
            Seconds = bytes > 0 || blocks > 0 ? 0 : OptionRange.Check(parsed.GetValue(_time), 1, 86_400, "--time"),
            OmitSeconds = OptionRange.Check(parsed.GetValue(_omit), 0, 60, "--omit"),
            Streams = OptionRange.Check(parsed.GetValue(_parallel), 1, PerfParameters.MaxStreams, "--parallel"),
            BlockBytes = (int)OptionRange.Check(parsed.GetValue(_length), 1, PerfParameters.MaxBlockBytes, "--length"),
            IsReverse = parsed.GetValue(_reverse),
            Rate = pace.BitsPerSecond,
            Burst = pace.Burst,
            SegmentBytes = parsed.GetValue(_segment) is var segment and not 0 ? OptionRange.Check(
                segment, PerfParameters.MinSegmentBytes, PerfParameters.MaxSegmentBytes, "--set-mss") : 0,
            WindowBytes = (int)OptionRange.Check(
                parsed.GetValue(_window), 0, PerfParameters.MaxWindowBytes, "--window"),
            IsNoDelay = parsed.GetValue(_noDelay),
            TrafficClass = (byte)parsed.GetValue(_tos),
            Congestion = congestion,
        };
    }

    private TimeSpan? TimeoutOf(ParseResult parsed) => parsed.GetValue(_connectTimeout) is { } milliseconds
        ? TimeSpan.FromMilliseconds(OptionRange.Check(milliseconds, 1, 86_400_000, "--connect-timeout")) : null;

    private static IPerfView ViewFor(ToolOutput output, bool isStream) => output switch
    {
        { IsJson: true } => new JsonPerfView(output, isStream),
        { IsLive: true } => new LivePerfView(output),
        _ => new PlainPerfView(output),
    };

    private static Option<long> SizeOption(
        string name, string alias, long fallback, string description, string help = "BYTES[KMG]") =>
        new(name, alias)
        {
            HelpName = help,
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

    // As iperf3 has it: here K, M and G are powers of 1000.
    private static PerfPace? ParseRate(string text)
    {
        string[] parts = text.Split('/');
        double factor = parts[0].Length == 0
            ? 1
            : char.ToUpperInvariant(parts[0][^1]) switch { 'K' => 1e3, 'M' => 1e6, 'G' => 1e9, _ => 1 };
        string digits = factor == 1 ? parts[0] : parts[0][..^1];
        int burst = 0;
        return parts.Length <= 2
            && double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number * factor is >= 0 and <= PerfParameters.MaxRate
            && (parts.Length == 1 || (int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out burst)
                && burst is > 0 and <= PerfParameters.MaxBurst))
            ? new PerfPace((long)(number * factor), burst) : null;
    }

    private static int? ParseTos(string text)
    {
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        return byte.TryParse(
            isHex ? text[2..] : text, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None,
            CultureInfo.InvariantCulture, out byte value) ? value : null;
    }

    private readonly record struct Common(
        int Port, TimeSpan Interval, ToolOutput Output, Func<IPerfView> MakeView);
}
