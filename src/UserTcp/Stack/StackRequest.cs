using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>Where a request to an any-address listener stands.</summary>
internal enum RequestState : byte
{
    /// <summary>A SYN waits for the owner's decision; no segment was sent.</summary>
    Pending,

    /// <summary>Accepted: the SYN-ACK is out.</summary>
    Accepted,

    /// <summary>The handshake is complete: <see cref="StackRequest.Connection"/> is there.</summary>
    Established,

    /// <summary>Turned down by the owner.</summary>
    Rejected,

    /// <summary>The peer gave up or reset, the SYN-ACK was never acknowledged, or the listener was closed.</summary>
    Cancelled,
}

/// <summary>
/// A SYN to an any-address listener whose answer the listener's owner decides. A repeated SYN is the same request; a
/// RST cancels it.
/// </summary>
internal sealed class StackRequest
{
    internal StackRequest(StackListener listener, FlowKey flow)
    {
        Listener = listener;
        Flow = flow;
    }

    public StackListener Listener { get; }

    /// <summary>Local is the address that the peer dialled, which need not be ours.</summary>
    public FlowKey Flow { get; }

    public RequestState State { get; internal set; }

    /// <summary>Set once the state is <see cref="RequestState.Established"/>.</summary>
    public StackConnection? Connection { get; internal set; }

    internal bool IsWakeQueued { get; set; }

    internal HalfOpenEntry? Entry { get; set; }

    /// <summary>Runtime's object for this request.</summary>
    public object? Owner { get; set; }
}
