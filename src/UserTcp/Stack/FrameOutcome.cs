using UserTcp.Diagnostics;

namespace UserTcp.Stack;

/// <summary>The result of handling a frame.</summary>
/// <param name="Drop">Why it went no further; none if it did.</param>
/// <param name="Connection">The connection that it was for, if there is one.</param>
internal readonly record struct FrameOutcome(PacketDropReason Drop, StackConnection? Connection = null)
{
    /// <summary>Whether it was another shard's, which will have an outcome of its own.</summary>
    public bool IsHandedOver { get; init; }

    public static implicit operator FrameOutcome(PacketDropReason drop) => new(drop);
}
