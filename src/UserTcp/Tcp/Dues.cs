namespace UserTcp.Tcp;

/// <summary>Segments that events have asked for, and that the next pulls plan.</summary>
[Flags]
internal enum Dues : byte
{
    None = 0,

    /// <summary>A reset that answers a single segment.</summary>
    ReplyReset = 1 << 0,

    /// <summary>The reset that ends the connection.</summary>
    Reset = 1 << 1,

    /// <summary>The ACK that the last segments asked for, although the connection is closed.</summary>
    LastAck = 1 << 2,

    /// <summary>SYN or SYN-ACK.</summary>
    Syn = 1 << 3,

    /// <summary>The persist timer ran out: a probe of the shut window, or text that SWS avoidance kept back.</summary>
    Override = 1 << 4,

    /// <summary>The probe timer ran out: the flight's end is probed (RFC 8985 §7.3).</summary>
    TailProbe = 1 << 5,

    /// <summary>The keep-alive timer ran out.</summary>
    KeepAlive = 1 << 6,
}
