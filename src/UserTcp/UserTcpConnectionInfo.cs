using System.Net.NetworkInformation;

namespace UserTcp;

/// <summary>
/// The state and the counters of a connection at one moment, with the fields of Linux <c>tcp_info</c>, whose names are
/// given where there is a counterpart. Values of directions and times that never were are zero. Immutable.
/// </summary>
public sealed record UserTcpConnectionInfo
{
    /// <summary>The state (<c>tcpi_state</c>).</summary>
    public TcpState State { get; init; }

    /// <summary>The state of loss recovery (<c>tcpi_ca_state</c>).</summary>
    public UserTcpRecoveryState RecoveryState { get; init; }

    /// <summary>The congestion control algorithm (<c>TCP_CONGESTION</c>).</summary>
    public string CongestionControl { get; init; } = "";

    /// <summary>Whether selective acknowledgements are in use (<c>TCPI_OPT_SACK</c>).</summary>
    public bool SelectiveAcknowledgments { get; init; }

    /// <summary>Whether timestamps are in use (<c>TCPI_OPT_TIMESTAMPS</c>).</summary>
    public bool Timestamps { get; init; }

    /// <summary>
    /// Whether explicit congestion notification was agreed upon (RFC 3168; <c>TCPI_OPT_ECN</c>).
    /// </summary>
    public bool ExplicitCongestionNotification { get; init; }

    /// <summary>The shift of the windows that the peer announces, from 0 to 14 (<c>tcpi_snd_wscale</c>).</summary>
    public int SendWindowScale { get; init; }

    /// <summary>The shift of the windows that we announce, from 0 to 14 (<c>tcpi_rcv_wscale</c>).</summary>
    public int ReceiveWindowScale { get; init; }

    /// <summary>The largest text of a segment sent, options subtracted, in bytes (<c>tcpi_snd_mss</c>).</summary>
    public int SendSegmentSize { get; init; }

    /// <summary>The segment size that we announced, in bytes (<c>tcpi_advmss</c>).</summary>
    public int ReceiveSegmentSize { get; init; }

    /// <summary>The largest IP packet that the path is known to carry, in bytes (<c>tcpi_pmtu</c>).</summary>
    public int PathMtu { get; init; }

    /// <summary>The segment size that the peer announced, in bytes.</summary>
    public int PeerSegmentSize { get; init; }

    /// <summary>The smoothed round-trip time; zero before the first sample (<c>tcpi_rtt</c>).</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The variation of the round-trip time (<c>tcpi_rttvar</c>).</summary>
    public TimeSpan RttVariance { get; init; }

    /// <summary>The latest sample of the round-trip time; zero before the first.</summary>
    public TimeSpan LatestRtt { get; init; }

    /// <summary>The shortest round trip so far; zero before the first sample (<c>tcpi_min_rtt</c>).</summary>
    public TimeSpan MinRtt { get; init; }

    /// <summary>The retransmission timeout, backed off where it is (<c>tcpi_rto</c>).</summary>
    public TimeSpan RetransmitTimeout { get; init; }

    /// <summary>The congestion window, in bytes (<c>tcpi_snd_cwnd</c> counts segments).</summary>
    public long CongestionWindow { get; init; }

    /// <summary>The slow-start threshold, in bytes (<c>tcpi_snd_ssthresh</c> counts segments).</summary>
    public long SlowStartThreshold { get; init; }

    /// <summary>The window that the peer offers, in bytes (<c>tcpi_snd_wnd</c>).</summary>
    public long PeerWindow { get; init; }

    /// <summary>The window that we offer, in bytes (<c>tcpi_rcv_wnd</c>).</summary>
    public long ReceiveWindow { get; init; }

    /// <summary>
    /// Bytes thought to be in the network: sent, and neither acknowledged nor taken for lost (RFC 6675 §4).
    /// </summary>
    public long BytesInFlight { get; init; }

    /// <summary>Bytes written and not sent yet (<c>tcpi_notsent_bytes</c>).</summary>
    public long BytesQueued { get; init; }

    /// <summary>Bytes of text sent, retransmissions included (<c>tcpi_bytes_sent</c>).</summary>
    public long BytesSent { get; init; }

    /// <summary>Bytes of text that the peer acknowledged (<c>tcpi_bytes_acked</c>).</summary>
    public long BytesAcked { get; init; }

    /// <summary>Bytes of text sent again (<c>tcpi_bytes_retrans</c>).</summary>
    public long BytesRetransmitted { get; init; }

    /// <summary>Bytes of text received in order (<c>tcpi_bytes_received</c>).</summary>
    public long BytesReceived { get; init; }

    /// <summary>Segments sent (<c>tcpi_segs_out</c>).</summary>
    public long SegmentsSent { get; init; }

    /// <summary>Segments received (<c>tcpi_segs_in</c>).</summary>
    public long SegmentsReceived { get; init; }

    /// <summary>Retransmitted segments, for any reason (<c>tcpi_total_retrans</c>).</summary>
    public long Retransmits { get; init; }

    /// <summary>Recoveries that duplicate or selective acknowledgements began.</summary>
    public long FastRetransmits { get; init; }

    /// <summary>Retransmission timeouts.</summary>
    public long Timeouts { get; init; }

    /// <summary>Segments sent to find out whether the end of what was sent had been lost (RFC 8985 §7).</summary>
    public long TailLossProbes { get; init; }

    /// <summary>
    /// How often it turned out that nothing had been lost of what was sent again, and the reduction of the congestion
    /// window was taken back (RFC 4015).
    /// </summary>
    public long SpuriousRetransmits { get; init; }

    /// <summary>Whether the network was seen to reorder packets (<c>tcpi_reord_seen</c> counts them).</summary>
    public bool ReorderingSeen { get; init; }

    /// <summary>Duplicate acknowledgements received.</summary>
    public long DuplicateAcks { get; init; }

    /// <summary>Segments received out of order (<c>tcpi_rcv_ooopack</c>).</summary>
    public long OutOfOrderSegments { get; init; }

    /// <summary>How often the peer closed its window.</summary>
    public long ZeroWindowEvents { get; init; }

    /// <summary>Segments received that the network had marked as congestion experienced.</summary>
    public long CeMarksReceived { get; init; }

    /// <summary>Acknowledgements in which the peer said that what we sent was marked.</summary>
    public long EcnEchoes { get; init; }

    /// <summary>
    /// The bytes written and not acknowledged from which on a flush waits, as they are tuned now (<c>SO_SNDBUF</c>).
    /// </summary>
    public int SendBufferSize { get; init; }

    /// <summary>
    /// The receive buffer as it is tuned now, in bytes: the window is what is left of it (<c>tcpi_rcv_space</c> shows
    /// what Linux tunes by).
    /// </summary>
    public int ReceiveBufferSize { get; init; }

    /// <summary>
    /// The round-trip time as the receiver sees it, by which its buffer is tuned; zero before the first sample, and
    /// without tuning (<c>tcpi_rcv_rtt</c>).
    /// </summary>
    public TimeSpan ReceiverRtt { get; init; }

    /// <summary>
    /// The latest rate at which the network delivered to the peer, in bytes per second; zero before the first sample
    /// (<c>tcpi_delivery_rate</c>).
    /// </summary>
    public double DeliveryRate { get; init; }

    /// <summary>
    /// Whether <see cref="DeliveryRate"/> is what the application wrote, and the network may carry more
    /// (<c>tcpi_delivery_rate_app_limited</c>).
    /// </summary>
    public bool DeliveryRateAppLimited { get; init; }

    /// <summary>
    /// The rate at which segments leave, in bytes per second; zero where they are not paced
    /// (<c>tcpi_pacing_rate</c>).
    /// </summary>
    public double PacingRate { get; init; }

    /// <summary>For how long there was something unacknowledged (<c>tcpi_busy_time</c>).</summary>
    public TimeSpan BusyTime { get; init; }

    /// <summary>
    /// The part of <see cref="BusyTime"/> in which only the peer's window held sending up (<c>tcpi_rwnd_limited</c>).
    /// </summary>
    public TimeSpan PeerWindowLimitedTime { get; init; }

    /// <summary>
    /// The part of <see cref="BusyTime"/> in which all was sent, and the application waited until it might write more
    /// (<c>tcpi_sndbuf_limited</c>).
    /// </summary>
    public TimeSpan SendBufferLimitedTime { get; init; }

    /// <summary>
    /// The last error that the network reported and that did not end the connection, such as an ICMP unreachable for
    /// one packet; <see cref="UserTcpCloseReason.None"/> if there was none (RFC 9293 §3.9.1.8, MUST-47).
    /// </summary>
    public UserTcpCloseReason SoftError { get; init; }

    /// <summary>The time since the connection was made.</summary>
    public TimeSpan Uptime { get; init; }

    /// <summary>
    /// The time since a segment of the peer arrived (<c>tcpi_last_ack_recv</c>); zero before the first.
    /// </summary>
    public TimeSpan SinceLastReceive { get; init; }

    /// <summary>The time since text was sent (<c>tcpi_last_data_sent</c>); zero before the first.</summary>
    public TimeSpan SinceLastSend { get; init; }
}

/// <summary>The states of loss recovery.</summary>
public enum UserTcpRecoveryState
{
    /// <summary>All is well.</summary>
    Open,

    /// <summary>Something is out of order, and may be lost.</summary>
    Disorder,

    /// <summary>The window was reduced because the network marked packets (RFC 3168).</summary>
    CongestionReduced,

    /// <summary>Something was lost and is being sent again (RFC 5681 §3.2, RFC 6675).</summary>
    Recovery,

    /// <summary>The retransmission timeout passed, the sender started over (RFC 5681 §3.1).</summary>
    Loss,
}
