namespace UserTcp;

/// <summary>The counters of a listener: a consistent snapshot.</summary>
/// <param name="PendingAccepts">Connections (or requests) that wait to be accepted.</param>
/// <param name="HalfOpen">Handshakes under way.</param>
/// <param name="Accepted">Connections handed out since the listener was made.</param>
/// <param name="Overflows">SYNs and final ACKs dropped for want of room (Linux: ListenOverflows).</param>
public readonly record struct UserTcpListenerStatistics(
    int PendingAccepts, int HalfOpen, long Accepted, long Overflows)
{
    /// <summary>SYNs answered without being remembered (RFC 4987 §3.6; Linux: SyncookiesSent).</summary>
    public long SynCookiesSent { get; init; }

    /// <summary>Connections made of such answers (Linux: SyncookiesRecv).</summary>
    public long SynCookiesAccepted { get; init; }

    /// <summary>Segments that claimed to come from such answers, and did not (Linux: SyncookiesFailed).</summary>
    public long SynCookiesFailed { get; init; }
}
