using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>Which of the shards this is, and whose packets and flows are.</summary>
internal readonly struct ShardPlace(Steering steering, int index)
{
    /// <summary>From 0. Shard 0 gets all that belongs to no flow.</summary>
    public int Index { get; } = index;

    public int Count => steering.Count;

    /// <summary>Whether another shard has the flow.</summary>
    public bool IsElsewhere(in FlowKey flow) => Count > 1 && steering.ShardOf(flow) != Index;

    /// <summary>Whether another shard has the packet, and which.</summary>
    /// <param name="packet">All that follows the link header.</param>
    /// <param name="owner">The shard.</param>
    public bool IsElsewhere(ReadOnlySpan<byte> packet, out int owner)
    {
        owner = Count == 1 ? Index : steering.ShardOf(packet);
        return owner != Index;
    }

    /// <summary>The shard of a flow.</summary>
    public int OwnerOf(in FlowKey flow) => Count == 1 ? Index : steering.ShardOf(flow);
}
