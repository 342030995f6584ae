using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// Output of no connection: resets, SYN-ACKs, last words, ICMP. Strangers can ask for much of it, so there are limits,
/// whose numbers are drawn anew each second.
/// </summary>
internal sealed class Answers(
    RoutingTable routes, LinkState link, RateLimit resetLimit, RateLimit icmpLimit, PacketBlocks blocks,
    WakeQueue wakes, StackCounters counters) : IOutputSource
{
    private readonly ReplyQueue _queue = new();

    /// <summary>Whether the next one would be dropped.</summary>
    public bool IsFull => _queue.IsFull;

    public bool HasOutput => _queue.ReadyCount > 0;

    public bool TryNext(Instant now, ref OutgoingPlan plan) => _queue.TryTake(ref plan);

    /// <summary>RFC 9293 §3.10.7.1: a reset answers what belongs to no connection, within the limit.</summary>
    /// <returns>Why the segment went no further.</returns>
    public PacketDropReason Refuse(in TcpSegment seg, in FlowKey flow, PacketDropReason reason, Instant now)
    {
        counters.Drop(reason);
        if (!Strangers.TryReset(seg, out SegmentPlan reset))
            return reason;
        if (!resetLimit.TryTake(now))
        {
            counters.ResetsWithheld++;
            wakes.Add(StackLimit.Resets, now);
            return counters.Drop(PacketDropReason.RateLimited);
        }

        Send(flow, reset);
        return reason;
    }

    /// <summary>A segment of no connection; of one to be, or that was, with its settings.</summary>
    public void Send(in FlowKey flow, in SegmentPlan segment, LiveSettings? settings = null)
    {
        var plan = new OutgoingPlan
        {
            Kind = OutgoingKind.Segment,
            Flow = flow,
            Segment = segment,
            TimeToLive = settings?.TimeToLive ?? Ipv4Fields.DefaultTimeToLive,
            TrafficClass = settings?.TrafficClass ?? 0,
        };
        Add(ref plan);
    }

    /// <summary>Memory for an ICMP message. None if the limit is reached, or no block is free.</summary>
    /// <returns>Why there is none.</returns>
    public PacketDropReason RentForIcmp(Instant now, int size, out PacketBlock? block)
    {
        block = null;
        if (!icmpLimit.TryTake(now))
        {
            counters.IcmpWithheld++;
            wakes.Add(StackLimit.IcmpMessages, now);
            return counters.Drop(PacketDropReason.RateLimited);
        }

        block = blocks.TryRent(Math.Max(size, IcmpErrors.MaxPacketBytes));
        return block is null ? counters.Drop(PacketDropReason.QueueFull) : PacketDropReason.None;
    }

    /// <summary>As <see cref="RentForIcmp"/>, for an error.</summary>
    public bool TryRentForError(Instant now, [NotNullWhen(true)] out PacketBlock? block)
    {
        RentForIcmp(now, IcmpErrors.MaxPacketBytes, out block);
        return block is not null;
    }

    /// <summary>A whole packet; its block is the queue's from here on.</summary>
    public void Send(PacketBlock block, int length)
    {
        Debug.Assert(length >= Ipv4Header.Size, "A frame without a packet must not leave.");
        block.Length = length;
        var plan = new OutgoingPlan { Kind = OutgoingKind.Packet, Packet = block };
        if (IpPacket.TryParse(block.Packet, out IpPacket packet))
            plan.Flow = new FlowKey(packet.Source, 0, packet.Destination, 0);
        Add(ref plan);
    }

    /// <summary>
    /// A packet whose way is known. False if the queue is full; then the block is still the caller's.
    /// </summary>
    public bool TrySend(PacketBlock block, in FlowKey flow, in NextHop hop) => _queue.TryAdd(new OutgoingPlan
    {
        Kind = OutgoingKind.Packet,
        Packet = block,
        Flow = flow,
        NextHop = hop.Address,
        IsLooped = routes.IsLocal(flow.Remote),
    });

    /// <summary>A plan waits for its next hop. It belongs to the queue, and no longer to the caller's slot.</summary>
    public void SetAside(ref OutgoingPlan plan)
    {
        if (_queue.Park(plan, out OutgoingPlan dropped))
            Discard(ref dropped, PacketDropReason.QueueFull);
        plan.Packet = null; // what waits has it now: the slot's next plan must not give it back
    }

    /// <summary>The next hop was found or failed.</summary>
    public void Release(in NeighborChange change)
    {
        while (_queue.TryTakeWaiting(change.Address, out OutgoingPlan plan))
        {
            if (!change.IsResolved)
                Discard(ref plan, PacketDropReason.NeighborUnreachable);
            else if (!_queue.TryAdd(plan))
                Discard(ref plan, PacketDropReason.QueueFull);
        }
    }

    /// <summary>The address is no longer ours: nothing is sent from it any more.</summary>
    public void Forget(HostAddress lost)
    {
        foreach (OutgoingPlan plan in _queue.TakeFrom(lost))
        {
            OutgoingPlan taken = plan;
            Discard(ref taken, PacketDropReason.AddressLost);
        }
    }

    /// <summary>The plan comes to nothing. An echo request's sender hears of it.</summary>
    public void Discard(ref OutgoingPlan plan, PacketDropReason reason)
    {
        counters.Drop(reason);
        if (plan.Packet is not { } block)
            return;
        plan.Packet = null;
        if (IpPacket.TryParse(block.Packet, out IpPacket packet)
            && IcmpMessage.TryParse(packet.Payload, out IcmpMessage message) && message.Type == IcmpType.EchoRequest)
        {
            wakes.Add(WakeupKind.EchoUnreachable, new EchoAnswer(
                packet.Source, message.Identifier, message.SequenceNumber, 0, 0, default));
        }

        block.Return();
    }

    private void Add(ref OutgoingPlan plan)
    {
        bool hasRoute = routes.TryResolve(plan.Flow.Remote, out NextHop hop);
        plan.NextHop = hop.Address;
        plan.IsLooped = hasRoute && routes.IsLocal(plan.Flow.Remote);
        if (!hasRoute || link.IsDown || !_queue.TryAdd(plan))
            Discard(ref plan, PacketDropReason.QueueFull);
    }
}
