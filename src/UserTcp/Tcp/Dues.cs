namespace UserTcp.Tcp;

/// <summary>Debts of a connection: segments that the next pulls plan, if the windows allow it.</summary>
[Flags]
internal enum Dues : ushort
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

    TailProbe = 1 << 5,

    KeepAlive = 1 << 6,

    /// <summary>An ACK, or several.</summary>
    Ack = 1 << 7,

    /// <summary>Text, or FIN, that was lost.</summary>
    Retransmission = 1 << 8,

    /// <summary>Text, or FIN, that was not sent yet.</summary>
    NewText = 1 << 9,
}
