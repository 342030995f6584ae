namespace UserTcp.Gateway;

/// <summary>The counters of a gateway since it started. Immutable and thread-safe.</summary>
/// <param name="CurrentConnections">Connections now, those being made included.</param>
/// <param name="Accepted">Connections that both sides agreed to.</param>
/// <param name="Rejected">Requests answered with RST or ICMP: refused, unreachable, or not allowed.</param>
/// <param name="Ignored">Requests left without an answer: timeouts, and more than the limit allows.</param>
/// <param name="BytesToServers">Bytes of text from the link that the operating system took.</param>
/// <param name="BytesFromServers">Bytes of text from the operating system for the link.</param>
public readonly record struct UserTcpGatewayStatistics(
    int CurrentConnections, long Accepted, long Rejected, long Ignored, long BytesToServers, long BytesFromServers)
{
    /// <summary>
    /// SYNs dropped because there were as many connections as <see cref="UserTcpGatewayOptions.MaxConnections"/>.
    /// </summary>
    public long ConnectionLimitDrops { get; init; }

    /// <summary>
    /// SYNs dropped because of <see cref="UserTcpGatewayOptions.MaxAttemptsPerDestination"/>.
    /// </summary>
    public long DestinationLimitDrops { get; init; }

    /// <summary>Attempts ended after 3 s or more without an answer, to make room for others.</summary>
    public long DisplacedAttempts { get; init; }

    /// <summary>
    /// SYNs dropped because the operating system had no free socket, port or buffer.
    /// </summary>
    public long SocketShortageDrops { get; init; }
}
