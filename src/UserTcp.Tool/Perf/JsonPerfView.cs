using System.Net;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Perf;

/// <summary>One document at the end, with the names of iperf3's; that of a failure says so under "error".</summary>
/// <param name="output">Where it is written.</param>
/// <param name="isStream">Whether each part is a line of its own, as soon as it is known.</param>
internal sealed class JsonPerfView(ToolOutput output, bool isStream = false) : IPerfView
{
    private readonly DateTimeOffset _begun = DateTimeOffset.UtcNow;
    private readonly List<object> _intervals = [];
    private readonly Dictionary<int, PerfExtremes> _extremes = [];
    private object? _connectingTo;
    private object? _acceptedConnection;
    private PerfTest? _test;
    private bool _isTold;

    public void Connecting(string host, int port) => _connectingTo = new { Host = host, Port = port };

    public void Accepted(IPEndPoint client) =>
        _acceptedConnection = new { Host = client.Address.ToString(), client.Port };

    /// <summary>The document; null before the end.</summary>
    public string? Document { get; private set; }

    public void Started(PerfTest test)
    {
        _test = test;
        if (isStream)
            Tell("start", StartOf());
    }

    public void Progressed(PerfInterval interval)
    {
        foreach (PerfStreamInterval stream in interval.Streams.Where(_ => !interval.IsOmitted))
            _extremes[stream.Id] = _extremes.GetValueOrDefault(stream.Id).With(stream.Info);

        PerfInterval[] directions = [.. interval.Directions];
        var told = new
        {
            Streams = interval.Streams.Select(stream => StreamOf(interval, stream)).ToArray(),
            Sum = SumOf(directions[0]),
            SumBidirReverse = directions.Length > 1 ? SumOf(directions[1]) : null,
        };
        if (isStream)
            Tell("interval", told);
        else
            _intervals.Add(told);
    }

    public void Ended(PerfOutcome outcome) =>
        Tell(EndOf(outcome), outcome.Test.IsClient ? outcome.Other.ServerOutput : null, error: null);

    public void Failed(string message) => Tell(new { }, told: null, message);

    public Task FrameAsync(Func<Task> test) => test();

    private void Tell(object end, PerfServerOutput? told, string? error)
    {
        if (_isTold)
            return;

        _isTold = true;
        if (isStream)
        {
            Tell("server_output_text", told?.Text);
            Tell("server_output_json", told?.Json);
            Tell("end", error is null ? end : null);
            Tell("error", error);
            return;
        }

        Document = ToolOutput.ToJson(new
        {
            Start = StartOf(),
            Intervals = _intervals,
            End = end,
            ServerOutputText = told?.Text,
            ServerOutputJson = told?.Json,
            Error = error,
        });
        output.Console.Out.WriteLine(Document);
    }

    private void Tell(string name, object? data)
    {
        if (data is not null)
            output.Console.Out.WriteLine(ToolOutput.ToJsonLine(new { Event = name, Data = data }));
    }

    private static object SumOf(PerfInterval interval) => new
    {
        interval.Start,
        interval.End,
        interval.Seconds,
        interval.Bytes,
        interval.BitsPerSecond,
        Retransmits = interval.IsSender ? interval.Retransmits : (long?)null,
        Omitted = interval.IsOmitted,
        Sender = interval.IsSender,
    };

    private object StartOf()
    {
        UserTcpConnectionInfo? info = _test?.Streams[0].Connection.GetInfo();
        return new
        {
            Connected = _test?.Streams.Select(stream => new
            {
                Socket = stream.Id,
                LocalHost = stream.Connection.LocalEndPoint.Address.ToString(),
                LocalPort = stream.Connection.LocalEndPoint.Port,
                RemoteHost = stream.Connection.RemoteEndPoint.Address.ToString(),
                RemotePort = stream.Connection.RemoteEndPoint.Port,
            }).ToArray() ?? [],
            Version = "usertcp 0.1 (iperf 3.12)",
            SystemInfo = Environment.OSVersion.VersionString,
            Timestamp = new { Time = _begun.ToString("R"), Timesecs = _begun.ToUnixTimeSeconds() },
            ConnectingTo = _connectingTo,
            AcceptedConnection = _acceptedConnection,
            _test?.Cookie,
            TcpMssDefault = info?.SendSegmentSize,
            TargetBitrate = _test?.Parameters.Rate,
            SockBufsize = _test?.Parameters.WindowBytes,
            SndbufActual = info?.SendBufferSize,
            RcvbufActual = info?.ReceiveBufferSize,
            TestStart = _test is null ? null : ParametersOf(_test.Parameters),
        };
    }

    private static object ParametersOf(PerfParameters parameters) => new
    {
        Protocol = "TCP",
        NumStreams = parameters.Streams,
        Blksize = parameters.BlockBytes,
        Omit = parameters.OmitSeconds,
        Duration = parameters.Seconds,
        parameters.Bytes,
        parameters.Blocks,
        Reverse = parameters.IsReverse ? 1 : 0,
        Tos = parameters.TrafficClass,
        TargetBitrate = parameters.Rate,
    };

    private static object StreamOf(PerfInterval interval, PerfStreamInterval stream) => new
    {
        Socket = stream.Id,
        interval.Start,
        interval.End,
        interval.Seconds,
        stream.Bytes,
        BitsPerSecond = interval.RateOf(stream.Bytes),
        Retransmits = stream.IsSender ? stream.Retransmits : (long?)null,
        SndCwnd = stream.IsSender ? stream.Info.CongestionWindow : (long?)null,
        SndWnd = stream.IsSender ? stream.Info.PeerWindow : (long?)null,
        Rtt = PerfExtremes.Microseconds(stream.Info.SmoothedRtt),
        Rttvar = PerfExtremes.Microseconds(stream.Info.RttVariance),
        Pmtu = stream.Info.PathMtu,
        Omitted = interval.IsOmitted,
        Sender = stream.IsSender,
    };

    private object EndOf(PerfOutcome outcome)
    {
        IReadOnlyList<PerfDirection> directions = outcome.Directions;
        PerfDirection first = directions[0];
        PerfDirection? second = directions.ElementAtOrDefault(1);
        return new
        {
            Streams = directions.SelectMany(StreamsOf).ToArray(),
            SumSent = Sum(first.Sent, first.HasRetransmits, first.OwnSends),
            SumReceived = Sum(first.Received, hasRetransmits: false, first.OwnSends),
            SumSentBidirReverse = second is null ? null : Sum(second.Sent, second.HasRetransmits, second.OwnSends),
            SumReceivedBidirReverse =
                second is null ? null : Sum(second.Received, hasRetransmits: false, second.OwnSends),
            CpuUtilizationPercent = new
            {
                HostTotal = outcome.Own.Cpu.Total,
                HostUser = outcome.Own.Cpu.User,
                HostSystem = outcome.Own.Cpu.System,
                RemoteTotal = outcome.Other.Cpu.Total,
                RemoteUser = outcome.Other.Cpu.User,
                RemoteSystem = outcome.Other.Cpu.System,
            },
            SenderTcpCongestion = first.SenderCongestion,
            ReceiverTcpCongestion = first.ReceiverCongestion,
        };
    }

    private IEnumerable<object> StreamsOf(PerfDirection direction) => direction.Sent.Select(sent => new
    {
        Sender = SenderOf(sent, direction),
        Receiver = direction.ReceivedBy(sent.Id) is { } received ? ReceiverOf(received, direction.OwnSends) : null,
    });

    // Extremes are known of the own streams only: the other side does not send them.
    private object SenderOf(PerfStreamResult stream, PerfDirection direction)
    {
        PerfExtremes? own =
            direction.OwnSends && _extremes.TryGetValue(stream.Id, out PerfExtremes known) ? known : null;
        return new
        {
            Socket = stream.Id,
            Start = 0,
            End = stream.Seconds,
            stream.Seconds,
            stream.Bytes,
            stream.BitsPerSecond,
            Retransmits = direction.HasRetransmits ? stream.Retransmits : (long?)null,
            MaxSndCwnd = own?.MaxCongestionWindow,
            MaxSndWnd = own?.MaxPeerWindow,
            MaxRtt = own?.MaxRtt,
            MinRtt = own?.MinRtt,
            MeanRtt = own?.MeanRtt,
            Sender = direction.OwnSends,
        };
    }

    private static object ReceiverOf(PerfStreamResult stream, bool ownSends) => new
    {
        Socket = stream.Id,
        Start = 0,
        End = stream.Seconds,
        stream.Seconds,
        stream.Bytes,
        stream.BitsPerSecond,
        Sender = ownSends,
    };

    private static object Sum(IReadOnlyList<PerfStreamResult> streams, bool hasRetransmits, bool ownSends)
    {
        double seconds = streams.Count == 0 ? 0 : streams.Max(stream => stream.Seconds);
        long bytes = streams.Sum(stream => stream.Bytes);
        return new
        {
            Start = 0,
            End = seconds,
            Seconds = seconds,
            Bytes = bytes,
            BitsPerSecond = seconds > 0 ? bytes * 8 / seconds : 0,
            Retransmits = hasRetransmits ? streams.Sum(stream => stream.Retransmits) : (long?)null,
            Sender = ownSends,
        };
    }
}
