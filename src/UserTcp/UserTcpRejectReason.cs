namespace UserTcp;

/// <summary>The answer to the peer of a rejected <see cref="UserTcpConnectionRequest"/>.</summary>
public enum UserTcpRejectReason
{
    /// <summary>RST: the port has no listener ("connection refused").</summary>
    Reset,

    /// <summary>ICMP host unreachable.</summary>
    HostUnreachable,

    /// <summary>ICMP network unreachable.</summary>
    NetworkUnreachable,

    /// <summary>ICMP port unreachable.</summary>
    PortUnreachable,

    /// <summary>ICMP communication administratively prohibited.</summary>
    Prohibited,

    /// <summary>Nothing: the peer tries again until it gives up ("timed out").</summary>
    Ignore,
}
