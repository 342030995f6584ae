using System.Diagnostics.CodeAnalysis;

namespace UserTcp;

/// <summary>
/// Decides how much one connection may have in flight, and how fast it may send. It sees acknowledgements and
/// congestion with the time at which they were seen, and answers with numbers; it cannot touch the connection. Called
/// by one thread at a time, under the stack's lock: it must not block, throw, or call the connection.
/// </summary>
/// <remarks>
/// Loss detection (RFC 8985) finds losses and decides what is sent again. It asks the controller for the window that
/// follows a congestion event, and proportional rate reduction (RFC 6937) walks the way there, unless the controller
/// owns the recovery.
/// </remarks>
[Experimental("UTCP001")]
public interface ICongestionController
{
    /// <summary>cwnd, in bytes, from one segment on.</summary>
    long CongestionWindow { get; }

    /// <summary>ssthresh, in bytes; <see cref="long.MaxValue"/> before the first congestion.</summary>
    long SlowStartThreshold { get; }

    /// <summary>
    /// The rate to send at, in bytes per second; null leaves it to the sender, which spreads the window over the
    /// smoothed round trip, faster in slow start.
    /// </summary>
    double? PacingRate { get; }

    /// <summary>
    /// The most that leaves at once, in bytes; at least a segment does. Null leaves it to the sender, which sends a
    /// millisecond's worth of the rate.
    /// </summary>
    int? SendQuantum => null;

    /// <summary>
    /// Whether the controller walks the way through a recovery itself. Then <see cref="CongestionWindow"/> holds during
    /// it, too, and proportional rate reduction stands aside. Asked once, when the connection is established.
    /// </summary>
    bool OwnsRecovery => false;

    /// <summary>Text leaves, for the first time or again.</summary>
    /// <param name="send">The text.</param>
    void OnSent(in CongestionSend send)
    {
    }

    /// <summary>Something new was acknowledged, cumulatively or selectively.</summary>
    /// <param name="ack">The acknowledgement.</param>
    void OnAck(in CongestionAck ack);

    /// <summary>
    /// The network is congested: once per recovery for losses, once per round trip for ECN. Afterwards
    /// <see cref="CongestionWindow"/> is the window to come to.
    /// </summary>
    /// <param name="congestion">The cause, and the bytes that were lost.</param>
    void OnCongestion(in CongestionSignal congestion);

    /// <summary>Everything up to the point of the last loss was acknowledged.</summary>
    /// <param name="context">The connection as it is.</param>
    void OnRecovered(in CongestionContext context);

    /// <summary>The retransmission timer ran out (RFC 5681 §3.1, RFC 9438 §4.8).</summary>
    /// <param name="context">The connection as it was before the timeout.</param>
    /// <param name="isRepeated">Whether the timeout before it was for the same segment.</param>
    void OnRetransmitTimeout(in CongestionContext context, bool isRepeated);

    /// <summary>
    /// The last congestion was spurious: nothing had been lost (RFC 4015, RFC 5682). Undo its reduction.
    /// </summary>
    /// <param name="context">The connection as it is.</param>
    void OnSpuriousCongestion(in CongestionContext context);

    /// <summary>Nothing was sent for longer than a retransmission timeout (RFC 5681 §4.1).</summary>
    /// <param name="context">The connection as it is.</param>
    void OnIdleRestart(in CongestionContext context);

    /// <summary>The segment size changed: the path carries more or less than it did.</summary>
    /// <param name="segmentSize">Text per segment from now on, in bytes.</param>
    void OnSegmentSize(int segmentSize);
}
