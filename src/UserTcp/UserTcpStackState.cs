namespace UserTcp;

/// <summary>The life of a <see cref="UserTcpStack"/>, in its order.</summary>
public enum UserTcpStackState
{
    /// <summary>Made, and nothing was opened yet.</summary>
    Created,

    /// <summary>The link is open and the addresses are being claimed.</summary>
    Starting,

    /// <summary>Ready to connect and to listen.</summary>
    Running,

    /// <summary>
    /// Being disposed of: connections send what is queued, within <see cref="UserTcpStackOptions.ShutdownTimeout"/>.
    /// </summary>
    Stopping,

    /// <summary>Disposed of.</summary>
    Stopped,

    /// <summary>
    /// The link device is gone, or an internal error ended the stack; every connection ended with it.
    /// <see cref="UserTcpStack.Completion"/> has the exception.
    /// </summary>
    Faulted,
}
