using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// A connection as the stack holds it: the machine, its queues, and where it stands in the stack's lists.
/// </summary>
internal sealed class StackConnection : FlowEntry
{
    internal StackConnection(long id, FlowKey flow, ulong flowHash)
        : base(flow, flowHash) => Id = id;

    /// <summary>Unique within the stack, from 1.</summary>
    public long Id { get; }

    public required Tcb Tcb { get; init; }

    public SendQueue Send => Tcb.SendQueue;

    public ReceiveQueue Receive => Tcb.ReceiveQueue;

    /// <summary>The listener it came from; null if it was opened from here, or by a request.</summary>
    public StackListener? Listener { get; init; }

    /// <summary>Whether the peer began it.</summary>
    public bool IsIncoming { get; init; }

    /// <summary>Runtime's object for this connection; set by <see cref="Shard.Adopt"/>.</summary>
    public object? Owner { get; internal set; }

    /// <summary>Whether its next hop is being resolved: nothing is pulled meanwhile.</summary>
    public bool IsParked { get; internal set; }

    /// <summary>Whether the stack has forgotten it: CLOSED, or TIME-WAIT in its own table.</summary>
    public bool IsForgotten { get; internal set; }

    /// <summary>The station that its segments are sent to.</summary>
    internal required HostAddress NextHop { get; init; }

    /// <summary>Whether the peer has an address of our own.</summary>
    internal required bool IsLooped { get; init; }

    /// <summary>Whether the local address is not ours: it came through an any-address listener.</summary>
    internal required bool IsForeign { get; init; }

    /// <summary>Whether its handshake ended well.</summary>
    internal bool WasConnected { get; set; }

    /// <summary>Effects that no wake-up has reported to the owner yet.</summary>
    internal Effects UnreportedEffects { get; set; }

    internal bool IsWakeQueued { get; set; }

    /// <summary>
    /// The last instant at which the machine was asked or told anything: its time never runs backwards.
    /// </summary>
    internal Instant LastEvent { get; set; }

    /// <summary>The turn in which <see cref="TurnBytes"/> was counted.</summary>
    internal long Turn { get; set; }

    internal int TurnBytes { get; set; }

    internal LinkedListNode<StackConnection>? OrphanNode { get; set; }

    internal DirtyList? List { get; set; }

    internal StackConnection? ListNext { get; set; }

    internal StackConnection? ListPrevious { get; set; }
}
