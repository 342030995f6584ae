namespace UserTcp.Primitives;

/// <summary>
/// The calls of an application on a connection. Several that are posted before the stack looks are served together, in
/// this order.
/// </summary>
[Flags]
internal enum PipeCalls
{
    None = 0,

    /// <summary>Bytes were examined or consumed: the window may open (RFC 9293 §3.10.3).</summary>
    Receive = 1 << 0,

    /// <summary>The bytes that were flushed up to now are urgent (RFC 9293 §3.8.5).</summary>
    SendUrgent = 1 << 1,

    /// <summary>Bytes were flushed (RFC 9293 §3.10.2).</summary>
    Send = 1 << 2,

    /// <summary>The reader is complete: what arrives from now on is nobody's.</summary>
    CloseInput = 1 << 3,

    /// <summary>The writer is complete: FIN after what it has written (RFC 9293 §3.10.4).</summary>
    Close = 1 << 4,

    /// <summary>RST now (RFC 9293 §3.10.5).</summary>
    Abort = 1 << 5,

    /// <summary>The application lets go of the connection.</summary>
    Detach = 1 << 6,
}
