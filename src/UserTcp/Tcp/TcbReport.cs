using UserTcp.Primitives;
using UserTcp.Tcp.Send;

namespace UserTcp.Tcp;

/// <summary>What every connection counts.</summary>
internal struct CommonCounters
{
    public long SegmentsSent;
    public long SegmentsReceived;
    public long BytesSent;
    public long BytesReceived;
    public Instant LastTextSentAt;
}

/// <summary>What most connections never count.</summary>
internal struct RareCounters
{
    public long BytesRetransmitted;
    public long Retransmits;
    public long FastRecoveries;
    public long TailLossProbes;
    public long SpuriousRecoveries;
    public long Timeouts;
    public long DuplicateAcks;
    public long ZeroWindows;
    public long ChallengeAcks;
    public long StaleTimestamps;
    public long ReceiveRefused;
    public long EcnEchoes;
    public long EcnReductions;
    public long OutOfOrderSegments;
}

/// <summary>The counters of a connection, for its report.</summary>
internal readonly struct TcbCounters(in CommonCounters common, in RareCounters rare, long bytesAcked)
{
    private readonly CommonCounters _common = common;
    private readonly RareCounters _rare = rare;

    public long BytesAcked { get; } = bytesAcked;

    public long SegmentsSent => _common.SegmentsSent;

    public long SegmentsReceived => _common.SegmentsReceived;

    public long BytesSent => _common.BytesSent;

    public long BytesReceived => _common.BytesReceived;

    public long BytesRetransmitted => _rare.BytesRetransmitted;

    public long Retransmits => _rare.Retransmits;

    public long FastRecoveries => _rare.FastRecoveries;

    public long TailLossProbes => _rare.TailLossProbes;

    public long SpuriousRecoveries => _rare.SpuriousRecoveries;

    public long Timeouts => _rare.Timeouts;

    public long DuplicateAcks => _rare.DuplicateAcks;

    public long ZeroWindows => _rare.ZeroWindows;

    public long ChallengeAcks => _rare.ChallengeAcks;

    public long StaleTimestamps => _rare.StaleTimestamps;

    public long ReceiveRefused => _rare.ReceiveRefused;

    public long EcnEchoes => _rare.EcnEchoes;

    public long EcnReductions => _rare.EcnReductions;

    public long OutOfOrderSegments => _rare.OutOfOrderSegments;
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
    public bool HasEcn;
    public long CeMarksReceived;
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
    public long BytesOutstanding;
    public long BytesSacked;
    public long BytesLost;
    public long BytesRetransmitted;
    public long FlightLooks;
    public int PersistProbes;
    public int AnnouncedSegmentSize;
    public long BytesQueued;
    public bool ReorderingSeen;
    public uint ReorderingExtent;
    public double PacingRate;
    public long Delivered;
    public double DeliveryRate;
    public bool IsDeliveryRateAppLimited;
    public long OutOfOrderSegments;
    public int PeerMss;
    public TimeSpan Age;
    public TimeSpan SinceLastReceive;
    public TimeSpan SinceLastSend;
    public int SendBuffer;
    public int ReceiveBuffer;
    public TimeSpan ReceiverRtt;
    public Chronograph Times;
    public UserTcpCloseReason SoftError;
}

/// <summary>The values that change with every acknowledgement, for observers.</summary>
internal readonly record struct AckReport(
    TimeSpan Age, long BytesAcked, long CongestionWindow, long SlowStartThreshold, long BytesInFlight, long PeerWindow)
{
    public RttEstimator Rtt { get; init; }

    public RecoveryState Recovery { get; init; }
}

internal sealed partial class Tcb
{
    /// <summary>The largest packet that the path is thought to carry, in octets.</summary>
    public int PathMtu => _sender.Path.Mtu;

    /// <summary>How losses are being dealt with.</summary>
    public RecoveryState Recovery => _sender.RecoveryState;

    /// <summary>ISS.</summary>
    public SeqNumber InitialSend => _sender.InitialSend;

    /// <summary>IRS, from the SYN on.</summary>
    public SeqNumber InitialReceive => _receiver.InitialReceive;

    /// <summary>SND.NXT.</summary>
    public SeqNumber SendNext => _sender.Next;

    /// <summary>RCV.NXT.</summary>
    public SeqNumber ReceiveNext => _receiver.Next;

    /// <summary>The counters.</summary>
    public TcbCounters Counters => new(_counters, _rare?.Value ?? default, _ackedPosition);

    /// <summary>Segments with text that arrived before text in front of them.</summary>
    public long OutOfOrderSegments => _rare?.Value.OutOfOrderSegments ?? 0;

    /// <summary>The part of STATUS that is cheap enough to be looked at for every segment.</summary>
    public AckReport DescribeAck(Instant now) => new(
        now - _openedAt, _ackedPosition, _sender.CongestionWindow, _sender.Congestion?.SlowStartThreshold ?? 0,
        _sender.BytesInFlight, _sender.Window.Bytes)
    {
        Rtt = _sender.Rtt,
        Recovery = _sender.RecoveryState,
    };

    /// <summary>STATUS (RFC 9293 §3.9.1.6).</summary>
    public TcbReport Describe(Instant now) => new()
    {
        State = State,
        Recovery = _sender.RecoveryState,
        Counters = Counters,
        CongestionControl = Config.CongestionControl.Name,
        HasSack = _sender.HasSack,
        HasTimestamps = HasTimestamps,
        HasEcn = _ecn.IsAgreed,
        CeMarksReceived = _receiver.Echo.Marked,
        SendScale = _sender.Scale.Shift,
        ReceiveScale = _receiver.Scale.Shift,
        SendSegmentSize = _sender.SegmentSize,
        ReceiveSegmentSize = _receiver.FullSegment,
        PathMtu = PathMtu,
        PeerMss = _sender.PeerMss.Bytes,
        Rtt = _sender.Rtt,
        RetransmitTimeout = _sender.Timer.Timeout,
        Backoff = _sender.Timer.Backoff,
        Retransmissions = _sender.Timer.Retransmissions,
        CongestionWindow = _sender.CongestionWindow,
        SlowStartThreshold = _sender.Congestion?.SlowStartThreshold ?? 0,
        PeerWindow = _sender.Window.Bytes,
        ReceiveWindow = _receiver.Window,
        BytesInFlight = _sender.BytesInFlight,
        BytesOutstanding = _sender.Flight.Bytes,
        BytesSacked = _sender.Flight.SackedBytes,
        BytesLost = _sender.Flight.LostBytes,
        FlightLooks = _sender.Flight.Looks,
        BytesRetransmitted = _sender.Flight.CountRetransmitted(),
        PersistProbes = _persistProbes,
        AnnouncedSegmentSize = Config.ReceiveMss.Bytes,
        BytesQueued = Math.Max(0, _send.End - SendPosition(_sender.Next)),
        ReorderingSeen = _sender.Loss.ReorderingSeen,
        ReorderingExtent = _sender.Loss.ReorderingExtent,
        PacingRate = _sender.PacingRate,
        Delivered = _sender.Delivery.Delivered,
        DeliveryRate = _sender.Delivery.BytesPerSecond,
        IsDeliveryRateAppLimited = _sender.Delivery.IsAppLimited,
        OutOfOrderSegments = OutOfOrderSegments,
        Age = now - _openedAt,
        SinceLastReceive = now - _lastReceivedAt,
        SinceLastSend = now - _counters.LastTextSentAt,
        SendBuffer = _send.Limit,
        ReceiveBuffer = _receive.Capacity,
        ReceiverRtt = _receiver.Tuning.RoundTrip,
        Times = _chronograph.At(now),
        SoftError = _softError,
    };
}
