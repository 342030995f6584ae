namespace UserTcp;

/// <summary>Why a connection ended.</summary>
public enum UserTcpCloseReason
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>Both sides closed (FIN).</summary>
    Graceful,

    /// <summary>The peer sent RST after the connection was established.</summary>
    ResetByPeer,

    /// <summary>
    /// The peer answered our SYN with RST, or ICMP reported that the port has no listener or that a filter forbids it.
    /// </summary>
    Refused,

    /// <summary>
    /// This side aborted: <see cref="T:UserTcp.UserTcpConnection"/>'s Abort, or disposal with bytes left unread.
    /// </summary>
    ResetByLocal,

    /// <summary>The peer did not answer: retransmissions (R2), the user timeout, or an orphan's bound.</summary>
    TimedOut,

    /// <summary>The peer did not answer keep-alive probes.</summary>
    KeepAliveTimedOut,

    /// <summary>The next hop did not answer ARP, or ICMP said that the host cannot be reached.</summary>
    HostUnreachable,

    /// <summary>ICMP said that the network cannot be reached, or there is no route.</summary>
    NetworkUnreachable,

    /// <summary>ICMP said that the protocol or port is not served (RFC 9293 §3.9.2.2, SHLD-26).</summary>
    ProtocolUnreachable,

    /// <summary>The stack was disposed of.</summary>
    StackStopped,

    /// <summary>The link device is gone.</summary>
    LinkDown,

    /// <summary>The stack has given up the connection's address. The peer was not told.</summary>
    AddressLost,
}
