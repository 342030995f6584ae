using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>A connection as the stack holds it: the machine, its queues, and where it stands in the stack's lists.</summary>
internal sealed partial class StackConnection
{
    internal StackConnection(long id, FlowKey flow)
    {
        Id = id;
        Flow = flow;
    }

    /// <summary>Unique within the stack, from 1.</summary>
    public long Id { get; }

    public FlowKey Flow { get; }

    /// <summary>Runtime's object for this connection; set by <see cref="StackCore.Adopt"/>.</summary>
    public object? Owner { get; internal set; }

    /// <summary>Whether the application let go of it (<see cref="UserCallKind.Detach"/>).</summary>
    public bool IsOrphan { get; internal set; }

    /// <summary>Whether its next hop is being resolved: nothing is pulled meanwhile.</summary>
    public bool IsParked { get; internal set; }

    /// <summary>Whether the stack has forgotten it: CLOSED, or TIME-WAIT in its own table.</summary>
    public bool IsForgotten { get; internal set; }
}
