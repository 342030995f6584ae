namespace UserTcp.Tcp;

/// <summary>
/// The changes that an event made, as flags. The stack acts on them after the batch, in no implied order.
/// </summary>
[Flags]
internal enum Effects : ushort
{
    None = 0,

    /// <summary><c>Tcb.TryNextSegment</c> may now yield.</summary>
    Transmit = 1 << 0,

    /// <summary>Bytes, FIN or an error became visible to the reader.</summary>
    Readable = 1 << 1,

    /// <summary>The send queue fell below its low-water mark, or writing came to an end.</summary>
    Writable = 1 << 2,

    /// <summary><c>Tcb.NextDeadline</c> moved to an earlier instant.</summary>
    Deadline = 1 << 3,

    /// <summary>Reached ESTABLISHED.</summary>
    Connected = 1 << 4,

    /// <summary>Reached TIME-WAIT: plan what is owed, then move <c>Tcb.DescribeTimeWait</c> to the table.</summary>
    TimeWait = 1 << 5,

    /// <summary>
    /// Reached CLOSED: plan what is owed (a RST, an ACK), then forget the TCB. See <c>Tcb.CloseReason</c>.
    /// </summary>
    Closed = 1 << 6,

    /// <summary>All that was written, and FIN if the writer completed, is acknowledged.</summary>
    OutputAcknowledged = 1 << 7,

    /// <summary>R1 was passed (RFC 9293 §3.8.3): the path may be dead, resolve the next hop anew.</summary>
    NegativeAdvice = 1 << 8,

    /// <summary>The urgent pointer moved (RFC 9293 §3.8.5).</summary>
    Urgent = 1 << 9,

    /// <summary>The peer confirmed that it hears us: the next hop works (RFC 1122 §2.3.2.1).</summary>
    ForwardProgress = 1 << 10,

    /// <summary>It was found out which packets the path carries: <c>Tcb.PathMtu</c> (RFC 4821).</summary>
    PathMtu = 1 << 11,
}
