using UserTcp.Links;

namespace UserTcp.Stack;

/// <summary>Packets from ourselves to ourselves. Bounded; the memory of each place is used again.</summary>
internal sealed class LoopQueue
{
    public const int Capacity = 64;

    private readonly byte[][] _packets = new byte[Capacity][];
    private readonly int[] _lengths = new int[Capacity];
    private int _head;

    public int Count { get; private set; }

    public bool IsFull => Count == Capacity;

    /// <summary>Copies a packet; the queue is not full.</summary>
    public void Add(in TxFrame packet)
    {
        int at = (_head + Count++) % Capacity;
        if (_packets[at] is not { } room || room.Length < packet.Length)
            _packets[at] = room = new byte[packet.Length];
        _lengths[at] = packet.CopyTo(room);
    }

    /// <summary>The oldest packet; valid until <see cref="RemoveFirst"/>.</summary>
    public ReadOnlySpan<byte> First => _packets[_head].AsSpan(0, _lengths[_head]);

    public void RemoveFirst()
    {
        _head = (_head + 1) % Capacity;
        Count--;
    }

    public void Clear() => Count = 0;
}
