using System.Net;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Perf;

/// <summary>One document at the end, with the names of iperf3's; that of a failure says so under "error".</summary>
internal sealed class JsonPerfView(ToolOutput output) : IPerfView
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

    public void Started(PerfTest test) => _test = test;

    public void Progressed(PerfInterval interval)
    {
        bool isSender = _test!.IsSender;
        foreach (PerfStreamInterval stream in interval.Streams.Where(_ => !interval.IsOmitted))
            _extremes[stream.Id] = _extremes.GetValueOrDefault(stream.Id).With(stream.Info);

        _intervals.Add(new
        {
            Streams = interval.Streams.Select(stream => StreamOf(interval, stream, isSender)).ToArray(),
            Sum = new
            {
                interval.Start,
                interval.End,
                interval.Seconds,
                interval.Bytes,
                interval.BitsPerSecond,
                Retransmits = isSender ? interval.Retransmits : (long?)null,
                Omitted = interval.IsOmitted,
                Sender = isSender,
            },
        });
    }

    public void Ended(PerfOutcome outcome) => Tell(EndOf(outcome), error: null);

    public void Failed(string message) => Tell(new { }, message);

    public Task FrameAsync(Func<Task> test) => test();

    private void Tell(object end, string? error)
    {
        if (_isTold)
            return;

        _isTold = true;
        output.Json(new { Start = StartOf(), Intervals = _intervals, End = end, Error = error });
    }

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
        Blocks = 0,
        Reverse = parameters.IsReverse ? 1 : 0,
        Tos = parameters.TrafficClass,
        TargetBitrate = parameters.Rate,
    };

    private static object StreamOf(PerfInterval interval, PerfStreamInterval stream, bool isSender) => new
    {
        Socket = stream.Id,
        interval.Start,
        interval.End,
        interval.Seconds,
        stream.Bytes,
        BitsPerSecond = interval.RateOf(stream.Bytes),
        Retransmits = isSender ? stream.Retransmits : (long?)null,
        SndCwnd = isSender ? stream.Info.CongestionWindow : (long?)null,
        SndWnd = isSender ? stream.Info.PeerWindow : (long?)null,
        Rtt = PerfExtremes.Microseconds(stream.Info.SmoothedRtt),
        Rttvar = PerfExtremes.Microseconds(stream.Info.RttVariance),
        Pmtu = stream.Info.PathMtu,
        Omitted = interval.IsOmitted,
        Sender = isSender,
    };

    private object EndOf(PerfOutcome outcome) => new
    {
        Streams = outcome.Sender.Streams.Select(sent => new
        {
            Sender = SenderOf(sent, outcome),
            Receiver = outcome.Receiver.Streams.Where(item => item.Id == sent.Id)
                .Select(item => ReceiverOf(item, outcome.IsSender)).FirstOrDefault(),
        }).ToArray(),
        SumSent = Sum(outcome.Sender, outcome.Sender.HasRetransmits, outcome.IsSender),
        SumReceived = Sum(outcome.Receiver, hasRetransmits: false, outcome.IsSender),
        CpuUtilizationPercent = new
        {
            HostTotal = outcome.Own.Cpu.Total,
            HostUser = outcome.Own.Cpu.User,
            HostSystem = outcome.Own.Cpu.System,
            RemoteTotal = outcome.Other.Cpu.Total,
            RemoteUser = outcome.Other.Cpu.User,
            RemoteSystem = outcome.Other.Cpu.System,
        },
        SenderTcpCongestion = outcome.Sender.Congestion,
        ReceiverTcpCongestion = outcome.Receiver.Congestion,
    };

    // Extremes are known of the own streams only: the other side does not send them.
    private object SenderOf(PerfStreamResult stream, PerfOutcome outcome)
    {
        PerfExtremes? own = outcome.IsSender && _extremes.TryGetValue(stream.Id, out PerfExtremes known) ? known : null;
        return new
        {
            Socket = stream.Id,
            Start = 0,
            End = stream.Seconds,
            stream.Seconds,
            stream.Bytes,
            stream.BitsPerSecond,
            Retransmits = outcome.Sender.HasRetransmits ? stream.Retransmits : (long?)null,
            MaxSndCwnd = own?.MaxCongestionWindow,
            MaxSndWnd = own?.MaxPeerWindow,
            MaxRtt = own?.MaxRtt,
            MinRtt = own?.MinRtt,
            MeanRtt = own?.MeanRtt,
            Sender = outcome.IsSender,
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

    private static object Sum(PerfResults results, bool hasRetransmits, bool ownSends)
    {
        double seconds = results.Streams.Count == 0 ? 0 : results.Streams.Max(stream => stream.Seconds);
        long bytes = results.Streams.Sum(stream => stream.Bytes);
        return new
        {
            Start = 0,
            End = seconds,
            Seconds = seconds,
            Bytes = bytes,
            BitsPerSecond = seconds > 0 ? bytes * 8 / seconds : 0,
            Retransmits = hasRetransmits ? results.Streams.Sum(stream => stream.Retransmits) : (long?)null,
            Sender = ownSends,
        };
    }
}
