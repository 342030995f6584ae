namespace UserTcp;

/// <summary>The states of RFC 9293 §3.3.2 that a connection can be seen in.</summary>
public enum UserTcpConnectionState
{
    /// <summary>There is no connection any more.</summary>
    Closed,

    /// <summary>A connection request that the application has not answered yet.</summary>
    Listen,

    /// <summary>Our SYN is out.</summary>
    SynSent,

    /// <summary>SYNs went both ways, ours is not acknowledged yet.</summary>
    SynReceived,

    /// <summary>Open in both directions.</summary>
    Established,

    /// <summary>We closed; our FIN is not acknowledged yet.</summary>
    FinWait1,

    /// <summary>We closed, the peer knows and may go on sending.</summary>
    FinWait2,

    /// <summary>The peer closed; we may go on sending.</summary>
    CloseWait,

    /// <summary>Both closed at once; our FIN is not acknowledged yet.</summary>
    Closing,

    /// <summary>The peer closed first, then we; our FIN is not acknowledged yet.</summary>
    LastAck,

    /// <summary>Closed; the flow is kept from reuse until old segments have died out.</summary>
    TimeWait,
}
