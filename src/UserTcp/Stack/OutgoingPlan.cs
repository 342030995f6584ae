using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

internal enum OutgoingKind : byte
{
    /// <summary><see cref="OutgoingPlan.Arp"/>.</summary>
    Arp,

    /// <summary><see cref="OutgoingPlan.Segment"/> of a connection, its text in the connection's send queue.</summary>
    Connection,

    /// <summary><see cref="OutgoingPlan.Segment"/> without text, of no connection.</summary>
    Segment,

    /// <summary><see cref="OutgoingPlan.Packet"/>, a whole IP packet.</summary>
    Packet,
}

/// <summary>
/// A frame to be. It becomes one only when the device is about to take it, and anew if the device did not.
/// </summary>
internal struct OutgoingPlan
{
    public OutgoingKind Kind;

    /// <summary>Whether it goes to an address of our own.</summary>
    public bool IsLooped;

    public StackConnection? Connection;
    public PacketBlock? Packet;
    public FlowKey Flow;
    public HostAddress NextHop;
    public SegmentPlan Segment;
    public byte TimeToLive;
    public byte TrafficClass;
    public ArpPlan Arp;

    /// <summary>The frame that was built of it, in bytes, and the segments that the device cuts it into.</summary>
    public int FrameLength;

    public int WireSegments;
}

/// <summary>Plans in order: a ring that grows up to a limit.</summary>
internal sealed class PlanRing(int limit)
{
    private OutgoingPlan[] _ring = new OutgoingPlan[Math.Min(16, limit)];
    private int _head;

    public int Count { get; private set; }

    public bool IsFull => Count == limit;

    /// <summary>False if the ring is full.</summary>
    public bool TryAdd(in OutgoingPlan plan)
    {
        if (!MakeRoom())
            return false;
        _ring[(_head + Count++) % _ring.Length] = plan;
        return true;
    }

    /// <summary>Puts a plan before all others; false if the ring is full.</summary>
    public bool TryAddFirst(in OutgoingPlan plan)
    {
        if (!MakeRoom())
            return false;
        _head = (_head + _ring.Length - 1) % _ring.Length;
        _ring[_head] = plan;
        Count++;
        return true;
    }

    public bool TryTake(ref OutgoingPlan plan)
    {
        if (Count == 0)
            return false;
        plan = _ring[_head];
        _ring[_head] = default;
        _head = (_head + 1) % _ring.Length;
        Count--;
        return true;
    }

    private bool MakeRoom()
    {
        if (Count < _ring.Length)
            return true;
        if (IsFull)
            return false;

        var larger = new OutgoingPlan[Math.Min(limit, _ring.Length * 2)];
        for (int i = 0; i < Count; i++)
        {
            larger[i] = _ring[(_head + i) % _ring.Length];
        }

        _ring = larger;
        _head = 0;
        return true;
    }
}
