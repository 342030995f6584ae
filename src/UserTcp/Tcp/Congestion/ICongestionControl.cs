using UserTcp.Primitives;

namespace UserTcp.Tcp.Congestion;

/// <summary>What one ACK tells congestion control.</summary>
/// <param name="Now">When the ACK arrived.</param>
/// <param name="BytesAcked">New octets acknowledged, cumulatively or selectively.</param>
/// <param name="BytesInFlight">The octets in the network before this ACK.</param>
/// <param name="Rtt">The sample it gave, if it gave one.</param>
/// <param name="IsAppLimited">Whether cwnd was not what held the sender back.</param>
/// <param name="InRecovery">Whether loss recovery goes on.</param>
internal readonly record struct AckSample(
    Instant Now, int BytesAcked, int BytesInFlight, TimeSpan? Rtt, bool IsAppLimited, bool InRecovery);

/// <summary>Decides how much may be in flight. Sees ACKs and losses; cannot touch the sender.</summary>
internal interface ICongestionControl
{
    string Name { get; }

    /// <summary>cwnd in bytes.</summary>
    int Window { get; }

    /// <summary>ssthresh in bytes.</summary>
    int SlowStartThreshold { get; }

    void OnAck(in AckSample ack);

    /// <summary>Loss was detected by duplicate ACKs or SACK; once per recovery.</summary>
    void OnCongestion(Instant now, int bytesInFlight);

    /// <summary>Recovery is over: everything up to the recovery point arrived.</summary>
    void OnRecovered(Instant now);

    /// <summary>The first timeout of a loss (RFC 5681 §3.1, equation 4); a repeated one keeps ssthresh.</summary>
    void OnRetransmitTimeout(Instant now, int bytesInFlight, bool isRepeated);

    /// <summary>The last reduction was not justified.</summary>
    void OnSpuriousCongestion();

    /// <summary>Nothing was sent for longer than an RTO (RFC 5681 §4.1).</summary>
    void OnIdleRestart(Instant now);

    /// <summary>The segment size changed (handshake, path MTU).</summary>
    void OnSegmentSize(int bytes);
}
