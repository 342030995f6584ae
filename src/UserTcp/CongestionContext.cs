using System.Diagnostics.CodeAnalysis;

namespace UserTcp;

/// <summary>A connection as congestion control sees it.</summary>
[Experimental("UTCP001")]
public readonly record struct CongestionContext
{
    /// <summary>The time since an arbitrary instant; it never runs backwards.</summary>
    public TimeSpan Now { get; init; }

    /// <summary>Text per segment, in bytes.</summary>
    public int SegmentSize { get; init; }

    /// <summary>Bytes thought to be in the network: sent, not acknowledged, not reported, not lost.</summary>
    public long BytesInFlight { get; init; }

    /// <summary>FlightSize of RFC 5681 §2: bytes sent and not acknowledged, lost ones included.</summary>
    public long BytesOutstanding { get; init; }

    /// <summary>SRTT; zero before the first sample.</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The shortest round trip of late; zero before the first sample.</summary>
    public TimeSpan MinRtt { get; init; }
}

/// <summary>Text that leaves, as congestion control sees it.</summary>
[Experimental("UTCP001")]
public readonly record struct CongestionSend
{
    /// <summary>The connection with the text in flight.</summary>
    public CongestionContext Context { get; init; }

    /// <summary>The text, in bytes; one segment, or several that leave together.</summary>
    public long Bytes { get; init; }

    /// <summary>Whether it was sent before.</summary>
    public bool IsRetransmission { get; init; }
}

/// <summary>
/// A sample of the rate of delivery: how much arrived between the time at which a segment was sent and the time at
/// which it was acknowledged (draft-cheng-iccrg-delivery-rate-estimation).
/// </summary>
[Experimental("UTCP001")]
public readonly record struct CongestionRateSample
{
    /// <summary>Bytes that were delivered in the interval.</summary>
    public long Delivered { get; init; }

    /// <summary>The longer of the times that these bytes took to be sent and to be acknowledged; never zero.</summary>
    public TimeSpan Interval { get; init; }

    /// <summary>Bytes that had been delivered when the segment was sent.</summary>
    public long PriorDelivered { get; init; }

    /// <summary>Bytes in flight when the segment was sent, its own included.</summary>
    public long BytesInFlightAtSend { get; init; }

    /// <summary>Bytes found to be lost since the segment was sent.</summary>
    public long BytesLostSinceSend { get; init; }

    /// <summary>Whether the application, and not the network, limited the rate when the segment was sent.</summary>
    public bool IsAppLimited { get; init; }

    /// <summary>The rate in bytes per second.</summary>
    public double BytesPerSecond => Interval > TimeSpan.Zero ? Delivered / Interval.TotalSeconds : 0;
}

/// <summary>One acknowledgement, as congestion control sees it.</summary>
[Experimental("UTCP001")]
public readonly record struct CongestionAck
{
    /// <summary>The connection after the acknowledgement.</summary>
    public CongestionContext Context { get; init; }

    /// <summary>Bytes newly acknowledged, cumulatively or selectively.</summary>
    public long BytesAcked { get; init; }

    /// <summary>Bytes that were in the network before it.</summary>
    public long PriorBytesInFlight { get; init; }

    /// <summary>The round trip it measured, if it did.</summary>
    public TimeSpan? Rtt { get; init; }

    /// <summary>The sample of the rate of delivery, if it gave one.</summary>
    public CongestionRateSample? Sample { get; init; }

    /// <summary>The rate of the sample in bytes per second; 0 where it gave none.</summary>
    public double DeliveryRate => Sample?.BytesPerSecond ?? 0;

    /// <summary>
    /// Bytes found to be lost since the last acknowledgement, by it or by a timer. Segments that were too large for the
    /// path, and lost probes of its MTU, do not count.
    /// </summary>
    public long BytesLost { get; init; }

    /// <summary>Whether it says that the network marked packets (ECN-Echo, RFC 3168).</summary>
    public bool IsMarked { get; init; }

    /// <summary>Whether something else than cwnd held the sender back (RFC 7661, RFC 9438 §5.8).</summary>
    public bool IsAppLimited { get; init; }

    /// <summary>
    /// Whether the window has to stay as it is: loss recovery goes on, or what arrived lies beyond a gap and may begin
    /// one.
    /// </summary>
    public bool InRecovery { get; init; }

    /// <summary>
    /// Whether a round trip ended with it: the first text sent after the last one ended was acknowledged.
    /// </summary>
    public bool IsRoundEnd { get; init; }
}

/// <summary>Why congestion is assumed; the answer may differ by experiment (RFC 8311 §4.1).</summary>
[Experimental("UTCP001")]
public enum CongestionCause
{
    /// <summary>Something was lost.</summary>
    Loss,

    /// <summary>The network marked a packet instead of dropping it (RFC 3168).</summary>
    Ecn,
}

/// <summary>A congestion event.</summary>
[Experimental("UTCP001")]
public readonly record struct CongestionSignal
{
    /// <summary>The connection before anything is reduced.</summary>
    public CongestionContext Context { get; init; }

    /// <summary>The cause: a loss or an ECN mark.</summary>
    public CongestionCause Cause { get; init; }

    /// <summary>Bytes found to be lost; 0 for marks.</summary>
    public long BytesLost { get; init; }
}
