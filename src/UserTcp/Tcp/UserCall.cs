namespace UserTcp.Tcp;

/// <summary>The calls of RFC 9293 §3.9.1.</summary>
internal enum UserCallKind : byte
{
    /// <summary>Active OPEN: send SYN.</summary>
    Open,

    /// <summary>The send queue's end moved.</summary>
    Send,

    /// <summary>The same, and all up to the position of the argument is urgent (RFC 9293 §3.8.5).</summary>
    SendUrgent,

    /// <summary>The reader examined or consumed.</summary>
    Receive,

    /// <summary>No more to send: FIN after the queue.</summary>
    Close,

    /// <summary>RST and forget.</summary>
    Abort,

    /// <summary>
    /// The application let go of the connection: FIN after the queue, or RST if it left bytes unread
    /// (RFC 9293 §3.6.1, SHLD-3). From here on the connection is an orphan with bounded time.
    /// </summary>
    Detach,

    /// <summary>The reader is complete: text that arrives from now on is acknowledged and thrown away.</summary>
    CloseInput,

    /// <summary>
    /// The <see cref="LiveSettings"/> were changed: evaluate again what may now be sent or timed.
    /// </summary>
    Reconfigure,

    /// <summary>The stack stops: RST, and the close reason says so.</summary>
    StackStopped,

    /// <summary>The link is gone: CLOSED without a segment.</summary>
    LinkDown,

    /// <summary>The connection's address is no longer ours: CLOSED without a segment.</summary>
    AddressLost,
}

/// <summary>A call, with the one number that some of them need.</summary>
internal readonly record struct UserCall(UserCallKind Kind, long Argument = 0)
{
    public static readonly UserCall Open = new(UserCallKind.Open);
    public static readonly UserCall Send = new(UserCallKind.Send);
    public static readonly UserCall Receive = new(UserCallKind.Receive);
    public static readonly UserCall Close = new(UserCallKind.Close);
    public static readonly UserCall Abort = new(UserCallKind.Abort);
    public static readonly UserCall Detach = new(UserCallKind.Detach);
    public static readonly UserCall CloseInput = new(UserCallKind.CloseInput);
    public static readonly UserCall Reconfigure = new(UserCallKind.Reconfigure);
    public static readonly UserCall StackStopped = new(UserCallKind.StackStopped);
    public static readonly UserCall LinkDown = new(UserCallKind.LinkDown);
    public static readonly UserCall AddressLost = new(UserCallKind.AddressLost);

    /// <param name="end">The position after the last urgent byte.</param>
    public static UserCall SendUrgent(long end) => new(UserCallKind.SendUrgent, end);
}
