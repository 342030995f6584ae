using UserTcp.Primitives;
using UserTcp.Tcp.Send;

namespace UserTcp.Tcp;

/// <summary>What a connection counted, for its report.</summary>
internal struct TcbCounters
{
    public long SegmentsSent;
    public long SegmentsReceived;
    public long BytesSent;
    public long BytesRetransmitted;
    public long BytesAcked;
    public long BytesReceived;
    public long Retransmits;
    public long FastRecoveries;
    public long Timeouts;
    public long DuplicateAcks;
    public long ZeroWindows;
    public long ChallengeAcks;
    public long StaleTimestamps;
    public long ReceiveRefused;
    public Instant LastSentAt;
}

/// <summary>A consistent picture of a connection: the source of the public connection info (Linux tcp_info).</summary>
internal struct TcbReport
{
    public TcpState State;
    public RecoveryState Recovery;
    public TcbCounters Counters;
    public string CongestionControl;
    public bool HasSack;
    public bool HasTimestamps;
    public int SendScale;
    public int ReceiveScale;
    public int SendSegmentSize;
    public int ReceiveSegmentSize;
    public int PathMtu;
    public RttEstimator Rtt;
    public TimeSpan RetransmitTimeout;
    public int Backoff;
    public int Retransmissions;
    public long CongestionWindow;
    public long SlowStartThreshold;
    public long PeerWindow;
    public long ReceiveWindow;
    public long BytesInFlight;
    public long BytesQueued;
    public long OutOfOrderSegments;
    public int PeerMss;
    public TimeSpan Age;
    public TimeSpan SinceLastReceive;
    public TimeSpan SinceLastSend;
    public UserTcpCloseReason SoftError;
}

internal sealed partial class Tcb
{
    private const int HeaderBytesV4 = 40;
    private const int HeaderBytesV6 = 60;

    /// <summary>STATUS (RFC 9293 §3.9.1.6).</summary>
    public TcbReport Describe(Instant now) => new()
    {
        State = State,
        Recovery = _sender.Loss.State,
        Counters = _counters,
        CongestionControl = _sender.Congestion?.Name ?? "",
        HasSack = _sender.HasSack,
        HasTimestamps = HasTimestamps,
        SendScale = _sender.Scale.Shift,
        ReceiveScale = _receiver.Scale.Shift,
        SendSegmentSize = _sender.SegmentSize,
        ReceiveSegmentSize = _receiver.FullSegment,
        PathMtu = _sender.PathMss.Bytes + (Config.IsV4 ? HeaderBytesV4 : HeaderBytesV6),
        PeerMss = _sender.PeerMss.Bytes,
        Rtt = _sender.Rtt,
        RetransmitTimeout = _sender.RetransmitTimeout,
        Backoff = _sender.Backoff,
        Retransmissions = _sender.Retransmissions,
        CongestionWindow = _sender.Congestion?.Window ?? 0,
        SlowStartThreshold = _sender.Congestion?.SlowStartThreshold ?? 0,
        PeerWindow = _sender.Window.Bytes,
        ReceiveWindow = _receiver.Window,
        BytesInFlight = _sender.BytesInFlight,
        BytesQueued = Math.Max(0, _send.End - SendPosition(_sender.Next)),
        OutOfOrderSegments = _receiver.OutOfOrderSegments,
        Age = now - _openedAt,
        SinceLastReceive = now - _lastReceivedAt,
        SinceLastSend = now - _counters.LastSentAt,
        SoftError = _softError,
    };
}
