namespace UserTcp.Diagnostics;

/// <summary>The state of a connection's sender after it has handled a segment of the peer.</summary>
public readonly record struct UserTcpAckSample
{
    /// <summary>Since the connection was begun.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>Bytes that the peer has acknowledged so far (<c>tcpi_bytes_acked</c>).</summary>
    public long BytesAcked { get; init; }

    /// <summary>The congestion window, in bytes (<c>tcpi_snd_cwnd</c>).</summary>
    public long CongestionWindow { get; init; }

    /// <summary>Where slow start ends, in bytes (<c>tcpi_snd_ssthresh</c>).</summary>
    public long SlowStartThreshold { get; init; }

    /// <summary>Bytes that are thought to be in the network.</summary>
    public long BytesInFlight { get; init; }

    /// <summary>The window that the peer offers, in bytes.</summary>
    public long PeerWindow { get; init; }

    /// <summary>The smoothed round trip (<c>tcpi_rtt</c>); zero before the first was measured.</summary>
    public TimeSpan SmoothedRtt { get; init; }

    /// <summary>The round trip that was measured last.</summary>
    public TimeSpan LatestRtt { get; init; }

    /// <summary>How losses are being dealt with (<c>tcpi_ca_state</c>).</summary>
    public UserTcpRecoveryState RecoveryState { get; init; }
}

/// <summary>Watches a connection, one segment of the peer after the other.</summary>
public interface IUserTcpConnectionObserver
{
    /// <summary>
    /// Called for each segment of the peer, in order, on the stack's own thread: it must not block. An observer that
    /// throws is removed, and the exception logged.
    /// </summary>
    /// <param name="sample">The connection just after the segment.</param>
    void OnAck(in UserTcpAckSample sample);
}
