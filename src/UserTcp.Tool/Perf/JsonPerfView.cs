using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Perf;

/// <summary>One document at the end, with the names of iperf3's.</summary>
internal sealed class JsonPerfView(ToolOutput output) : IPerfView
{
    private readonly DateTimeOffset _begun = DateTimeOffset.UtcNow;
    private readonly List<object> _intervals = [];
    private object? _start;
    private PerfTest? _test;

    public void Connecting(string text)
    {
        // The document has it under "connected".
    }

    public void Started(PerfTest test)
    {
        _test = test;
        _start = new
        {
            Connected = test.Streams.Select(stream => new
            {
                Socket = stream.Id,
                LocalHost = stream.Connection.LocalEndPoint.Address.ToString(),
                LocalPort = stream.Connection.LocalEndPoint.Port,
                RemoteHost = stream.Connection.RemoteEndPoint.Address.ToString(),
                RemotePort = stream.Connection.RemoteEndPoint.Port,
            }).ToArray(),
            Version = "usertcp 0.1 (iperf 3.12)",
            SystemInfo = Environment.OSVersion.VersionString,
            Timestamp = new { Time = _begun.ToString("R"), Timesecs = _begun.ToUnixTimeSeconds() },
            test.Cookie,
            TcpMssDefault = test.Streams[0].Connection.GetInfo().SendSegmentSize,
            TestStart = new
            {
                Protocol = "TCP",
                NumStreams = test.Parameters.Streams,
                Blksize = test.Parameters.BlockBytes,
                Omit = test.Parameters.OmitSeconds,
                Duration = test.Parameters.Seconds,
                test.Parameters.Bytes,
                Blocks = 0,
                Reverse = test.Parameters.IsReverse ? 1 : 0,
                Tos = test.Parameters.TrafficClass,
                TargetBitrate = test.Parameters.Rate,
            },
        };
    }

    public void Progressed(PerfInterval interval)
    {
        bool isSender = _test!.IsSender;
        _intervals.Add(new
        {
            Streams = interval.Streams.Select(stream => new
            {
                Socket = stream.Id,
                interval.Start,
                interval.End,
                interval.Seconds,
                stream.Bytes,
                BitsPerSecond = interval.RateOf(stream.Bytes),
                Retransmits = isSender ? stream.Retransmits : (long?)null,
                SndCwnd = isSender ? stream.Info.CongestionWindow : (long?)null,
                Rtt = Microseconds(stream.Info.SmoothedRtt),
                Rttvar = Microseconds(stream.Info.RttVariance),
                Pmtu = stream.Info.PathMtu,
                Omitted = interval.IsOmitted,
                Sender = isSender,
            }).ToArray(),
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

    public void Ended(PerfOutcome outcome) => output.Json(new
    {
        Start = _start,
        Intervals = _intervals,
        End = new
        {
            Streams = outcome.Sender.Streams.Select(sent => new
            {
                Sender = Stream(sent, outcome.Sender.HasRetransmits, isSender: true, outcome.IsSender),
                Receiver = outcome.Receiver.Streams.Where(item => item.Id == sent.Id)
                    .Select(item => Stream(item, hasRetransmits: false, isSender: false, outcome.IsSender))
                    .FirstOrDefault(),
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
        },
    });

    public Task FrameAsync(Func<Task> test) => test();

    private static object Stream(PerfStreamResult stream, bool hasRetransmits, bool isSender, bool ownSends) => new
    {
        Socket = stream.Id,
        Start = 0,
        End = stream.Seconds,
        stream.Seconds,
        stream.Bytes,
        BitsPerSecond = stream.Seconds > 0 ? stream.Bytes * 8 / stream.Seconds : 0,
        Retransmits = isSender && hasRetransmits ? stream.Retransmits : (long?)null,
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

    private static long Microseconds(TimeSpan time) => (long)time.TotalMicroseconds;
}
