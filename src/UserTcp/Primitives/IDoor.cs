namespace UserTcp.Primitives;

/// <summary>The calls of a pipe half on the connection behind it, under the stack's lock.</summary>
internal enum PipeCall : byte
{
    /// <summary>Bytes were published to the send queue (RFC 9293 §3.10.2).</summary>
    Send,

    /// <summary>Bytes were examined or consumed: the window may open (RFC 9293 §3.10.3).</summary>
    Receive,

    /// <summary>The writer is complete: FIN after what is queued (RFC 9293 §3.10.4).</summary>
    Close,

    /// <summary>RST now (RFC 9293 §3.10.5).</summary>
    Abort,

    /// <summary>The reader is complete: what arrives from now on is nobody's.</summary>
    CloseInput,
}

/// <summary>
/// The door of a stack as one connection's pipe halves see it. Buffers and the protocol are touched only between
/// <see cref="Enter"/> and <see cref="Leave"/>, by the thread that entered.
/// </summary>
internal interface IDoor
{
    void Enter();

    /// <summary>Runs a call on the connection; only inside.</summary>
    void Call(PipeCall call);

    /// <summary>
    /// Sends what the calls made due, or leaves that to others who are about to come; releases the door, then completes
    /// the waiters that were collected.
    /// </summary>
    void Leave();
}
