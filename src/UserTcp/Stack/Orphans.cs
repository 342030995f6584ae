using UserTcp.Buffers;
using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// Connections without an owner, oldest first. Peers that take an octet at a time keep orphans alive for hours, with
/// all that they hold, so their number and memory are bounded.
/// </summary>
internal sealed class Orphans(int limit, SharedCount together, ChunkPool chunks)
{
    /// <summary>How many are asked for one that overdraws: the bound must not grow with their number.</summary>
    private const int Asked = 64;

    private readonly LinkedList<StackConnection> _oldestFirst = new();

    public int Count => _oldestFirst.Count;

    public void Add(StackConnection connection)
    {
        connection.OrphanNode = _oldestFirst.AddLast(connection);
        together.Add(1);
    }

    /// <summary>Takes the connection out, if it is here.</summary>
    public void Remove(StackConnection connection)
    {
        if (connection.OrphanNode is not { } node)
            return;

        _oldestFirst.Remove(node);
        connection.OrphanNode = null;
        together.Add(-1);
    }

    /// <summary>Takes out the one that must end since there are too many, or the memory budget is used up.</summary>
    public StackConnection? TakeExcess()
    {
        StackConnection? victim = FindExcess()?.Value;
        if (victim is not null)
            Remove(victim);
        return victim;
    }

    // Memory that a single write overdraws is paid for by one that does so, if there is one among the oldest.
    private LinkedListNode<StackConnection>? FindExcess()
    {
        LinkedListNode<StackConnection>? oldest = _oldestFirst.First;
        if (together.Value > limit)
            return oldest;
        if (Count <= 1 || chunks.BytesOut <= chunks.Budget)
            return null;
        if (chunks.BytesOut - chunks.Overdrawn > chunks.Budget)
            return oldest;

        LinkedListNode<StackConnection>? node = oldest;
        for (int asked = 0; asked < Asked && node is not null; asked++, node = node.Next)
        {
            if (node.Value.Send.IsOverdrawn)
                return node;
        }

        return oldest;
    }
}
