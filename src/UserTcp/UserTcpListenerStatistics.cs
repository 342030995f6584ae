namespace UserTcp;

/// <summary>The counters of a listener: a consistent snapshot.</summary>
/// <param name="PendingAccepts">Connections (or requests) that wait to be accepted.</param>
/// <param name="HalfOpen">Handshakes under way.</param>
/// <param name="Accepted">Connections handed out since the listener was made.</param>
/// <param name="Overflows">SYNs and final ACKs dropped for want of room (Linux: ListenOverflows).</param>
public readonly record struct UserTcpListenerStatistics(
    int PendingAccepts, int HalfOpen, long Accepted, long Overflows);
