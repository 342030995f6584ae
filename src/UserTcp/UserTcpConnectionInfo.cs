namespace UserTcp;

/// <summary>
/// What a connection knows of itself: a consistent snapshot with the fields of Linux <c>tcp_info</c>, whose names are
/// given where there is a twin. Values of directions and times that never were are zero.
/// </summary>
public readonly record struct UserTcpConnectionInfo
{
    /// <summary>The state (<c>tcpi_state</c>).</summary>
    public UserTcpConnectionState State { get; init; }

    /// <summary>What the sender makes of the network (<c>tcpi_ca_state</c>).</summary>
    public UserTcpRecoveryState RecoveryState { get; init; }

    /// <summary>The congestion control algorithm (<c>TCP_CONGESTION</c>).</summary>
    public string CongestionControl { get; init; }

    /// <summary>Whether selective acknowledgements are in use (<c>TCPI_OPT_SACK</c>).</summary>
    public bool SelectiveAcknowledgments { get; init; }

    /// <summary>Whether timestamps are in use (<c>TCPI_OPT_TIMESTAMPS</c>).</summary>
    public bool Timestamps { get; init; }

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

    /// <summary>Bytes sent and not acknowledged.</summary>
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

    /// <summary>Segments sent again, for whatever reason (<c>tcpi_total_retrans</c>).</summary>
    public long Retransmits { get; init; }

    /// <summary>Recoveries that duplicate or selective acknowledgements began.</summary>
    public long FastRetransmits { get; init; }

    /// <summary>Retransmission timeouts.</summary>
    public long Timeouts { get; init; }

    /// <summary>Duplicate acknowledgements received.</summary>
    public long DuplicateAcks { get; init; }

    /// <summary>Segments received out of order (<c>tcpi_rcv_ooopack</c>).</summary>
    public long OutOfOrderSegments { get; init; }

    /// <summary>How often the peer closed its window.</summary>
    public long ZeroWindowEvents { get; init; }

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

/// <summary>What a sender makes of the network.</summary>
public enum UserTcpRecoveryState
{
    /// <summary>All is well.</summary>
    Open,

    /// <summary>Something was lost and is being sent again (RFC 5681 §3.2, RFC 6675).</summary>
    Recovery,

    /// <summary>The retransmission timeout passed, the sender started over (RFC 5681 §3.1).</summary>
    Loss,
}
