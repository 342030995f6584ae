using UserTcp.Primitives;

namespace UserTcp.Stack;

/// <summary>
/// Plans that belong to no connection: resets to strangers, SYN-ACKs, the ACKs of TIME-WAIT, ICMP. Bounded; those whose
/// next hop is being resolved wait aside, a few for each hop, and the oldest makes room.
/// </summary>
internal sealed class ReplyQueue
{
    public const int Capacity = 1024;
    public const int WaitingPerHop = 16;
    public const int Waiting = 512;

    /// <summary>Whole packets hold a block of memory, and half of the blocks stay free for hops that answer.</summary>
    public const int WaitingPackets = 32;

    private readonly PlanRing _ready = new(Capacity);
    private readonly List<OutgoingPlan> _waiting = [];

    public int ReadyCount => _ready.Count;

    public bool IsFull => _ready.IsFull;

    public int WaitingCount => _waiting.Count;

    /// <summary>False if the queue is full.</summary>
    public bool TryAdd(in OutgoingPlan plan) => _ready.TryAdd(plan);

    public bool TryTake(ref OutgoingPlan plan) => _ready.TryTake(ref plan);

    /// <summary>Sets a plan aside until its next hop is known. True if another had to go for it.</summary>
    public bool Park(in OutgoingPlan plan, out OutgoingPlan dropped)
    {
        int victim = FindVictim(plan);
        dropped = victim < 0 ? default : _waiting[victim];
        if (victim >= 0)
            _waiting.RemoveAt(victim);
        _waiting.Add(plan);
        return victim >= 0;
    }

    // The oldest of those that are too many: of the hop, of the packets, of all; -1 if there is room.
    private int FindVictim(in OutgoingPlan plan)
    {
        int sameHop = 0, packets = 0, oldestOfHop = -1, oldestPacket = -1;
        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            if (_waiting[i].NextHop == plan.NextHop)
                (sameHop, oldestOfHop) = (sameHop + 1, i);
            if (_waiting[i].Packet is not null)
                (packets, oldestPacket) = (packets + 1, i);
        }

        if (sameHop >= WaitingPerHop)
            return oldestOfHop;
        if (plan.Packet is not null && packets >= WaitingPackets)
            return oldestPacket;

        return _waiting.Count >= Waiting ? 0 : -1;
    }

    /// <summary>Takes the oldest plan that waits for this hop; call until false.</summary>
    public bool TryTakeWaiting(HostAddress nextHop, out OutgoingPlan plan)
    {
        for (int i = 0; i < _waiting.Count; i++)
        {
            if (_waiting[i].NextHop != nextHop)
                continue;
            plan = _waiting[i];
            _waiting.RemoveAt(i);
            return true;
        }

        plan = default;
        return false;
    }

    /// <summary>Takes all plans of packets from an address.</summary>
    public List<OutgoingPlan> TakeFrom(HostAddress source)
    {
        List<OutgoingPlan> taken = _waiting.FindAll(plan => plan.Flow.Local == source);
        _waiting.RemoveAll(plan => plan.Flow.Local == source);
        OutgoingPlan next = default;
        for (int left = _ready.Count; left > 0 && _ready.TryTake(ref next); left--)
        {
            if (next.Flow.Local == source)
                taken.Add(next);
            else
                _ready.TryAdd(next);
        }

        return taken;
    }
}
