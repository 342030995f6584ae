namespace UserTcp.Gateway;

/// <summary>The counters of a gateway since it started. Immutable and thread-safe.</summary>
public sealed record UserTcpGatewayStatistics
{
    /// <summary>Connections now, those being made included.</summary>
    public int CurrentConnections { get; init; }

    /// <summary>Connections that both sides agreed to.</summary>
    public long Accepted { get; init; }

    /// <summary>Requests answered with RST or ICMP: refused, unreachable, or not allowed.</summary>
    public long Rejected { get; init; }

    /// <summary>Requests left without an answer: timeouts, and more than the limit allows.</summary>
    public long Ignored { get; init; }

    /// <summary>Bytes of text from the link that the operating system took.</summary>
    public long BytesToServers { get; init; }

    /// <summary>Bytes of text from the operating system for the link.</summary>
    public long BytesFromServers { get; init; }

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
