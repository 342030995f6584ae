namespace UserTcp.Tcp;

/// <summary>What an event changed. The stack acts on it when the batch is over; no order is implied.</summary>
[Flags]
internal enum Effects : ushort
{
    None = 0,

    /// <summary><see cref="Tcb.TryNextSegment"/> may now yield.</summary>
    Transmit = 1 << 0,

    /// <summary>Bytes, FIN or an error became visible to the reader.</summary>
    Readable = 1 << 1,

    /// <summary>The send queue fell below its low-water mark, or writing came to an end.</summary>
    Writable = 1 << 2,

    /// <summary><see cref="Tcb.NextDeadline"/> moved to an earlier instant.</summary>
    Deadline = 1 << 3,

    /// <summary>Reached ESTABLISHED.</summary>
    Connected = 1 << 4,

    /// <summary>Reached TIME-WAIT: pull once more, then move <see cref="Tcb.DescribeTimeWait"/> to the table.</summary>
    TimeWait = 1 << 5,

    /// <summary>Reached CLOSED: pull once more (a RST may be due), then forget the TCB. See <see cref="Tcb.CloseReason"/>.</summary>
    Closed = 1 << 6,

    /// <summary>All that was written, and FIN if the writer completed, is acknowledged.</summary>
    OutputAcknowledged = 1 << 7,

    /// <summary>R1 was passed (RFC 9293 §3.8.3): the path may be dead, resolve the next hop anew.</summary>
    NegativeAdvice = 1 << 8,

    /// <summary>The urgent pointer moved (RFC 9293 §3.8.5).</summary>
    Urgent = 1 << 9,

    /// <summary>The peer confirmed that it hears us: the next hop works (RFC 1122 §2.3.2.1).</summary>
    ForwardProgress = 1 << 10,
}
