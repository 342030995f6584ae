using System.Diagnostics;
using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// The pull. Plans that the device did not take come first and are built anew; then the sources are asked in their
/// order.
/// </summary>
internal sealed class Egress(
    IOutputSource[] sources, NextHops nextHops, FrameBuilder builder, Answers answers, LoopQueue loop,
    WakeQueue wakes, StackCounters counters)
{
    private readonly OutgoingPlan[] _slots = new OutgoingPlan[FrameSlots.Count];
    private readonly PlanRing _unsent = new(FrameSlots.Count);
    private int _pulled;

    public bool HasOutput
    {
        get
        {
            if (_unsent.Count > 0)
                return true;
            foreach (IOutputSource source in sources)
            {
                if (source.HasOutput)
                    return true;
            }

            return false;
        }
    }

    /// <summary>Begins a pull.</summary>
    public void Begin()
    {
        _pulled = 0;
        nextHops.Refresh();
    }

    /// <summary>
    /// Appends frames to those of this pull, until nothing is left or all places are taken. They are valid until
    /// <see cref="OnAccepted"/>.
    /// </summary>
    /// <returns>How many frames the pull has.</returns>
    public int Pull(Span<TxFrame> frames, Instant now)
    {
        int room = Math.Min(frames.Length, FrameSlots.Count);
        while (_pulled < room && TryNextFrame(now, out TxFrame frame))
        {
            frames[_pulled++] = frame;
        }

        return _pulled;
    }

    /// <summary>The device took the first <paramref name="count"/>; the rest stays as plans.</summary>
    public void OnAccepted(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)_pulled, nameof(count));
        for (int i = 0; i < count; i++)
        {
            CountSent(_slots[i]);
            Release(ref _slots[i]);
        }

        if (count < _pulled)
            counters.LinkSendBackpressure++;
        for (int i = _pulled - 1; i >= count; i--)
        {
            if (!_unsent.TryAddFirst(_slots[i]))
                answers.Discard(ref _slots[i], PacketDropReason.QueueFull);
            _slots[i] = default;
        }

        _pulled = 0;
    }

    private bool TryNextFrame(Instant now, out TxFrame frame)
    {
        ref OutgoingPlan plan = ref _slots[_pulled];
        while (TryNextPlan(now, ref plan))
        {
            if (TryBuild(ref plan, now, out frame))
                return true;
        }

        frame = default;
        return false;
    }

    private bool TryNextPlan(Instant now, ref OutgoingPlan plan)
    {
        if (_unsent.TryTake(ref plan))
            return true;
        Debug.Assert(plan.Packet is null, "Nobody gives back the block of a plan that is overwritten.");
        foreach (IOutputSource source in sources)
        {
            if (source.TryNext(now, ref plan))
                return true;
        }

        return false;
    }

    private bool TryBuild(ref OutgoingPlan plan, Instant now, out TxFrame frame)
    {
        frame = default;
        if (plan.Kind == OutgoingKind.Connection && !TryRefresh(ref plan))
            return false;
        if (plan.IsLooped)
        {
            Loop(ref plan);
            return false;
        }

        NeighborLookup lookup = NeighborLookup.Resolved;
        MacAddress mac = default;
        if (plan.Kind != OutgoingKind.Arp)
            lookup = nextHops.Resolve(plan.NextHop, now, out mac);
        if (lookup == NeighborLookup.Resolved)
        {
            frame = builder.Build(ref plan, mac, _pulled);
            return true;
        }

        if (lookup == NeighborLookup.Pending && plan.Kind != OutgoingKind.Connection)
            answers.SetAside(ref plan);
        else if (lookup == NeighborLookup.Refused)
            Refuse(ref plan, now);
        else
            answers.Discard(ref plan, PacketDropReason.NeighborUnreachable);
        return false;
    }

    private void Refuse(ref OutgoingPlan plan, Instant now)
    {
        answers.Discard(ref plan, PacketDropReason.NeighborTableFull);
        wakes.Add(StackLimit.Neighbors, now);
    }

    /// <summary>
    /// Drops of a plan that the device did not take at once what was acknowledged meanwhile. False if its connection is
    /// gone and with it the text.
    /// </summary>
    private static bool TryRefresh(ref OutgoingPlan plan)
    {
        ref SegmentPlan segment = ref plan.Segment;
        if (segment.PayloadLength == 0)
            return true;

        SendQueue send = plan.Connection!.Send;
        if (send.IsAbandoned || plan.Connection.Tcb.State == TcpState.Closed)
            return false;

        int cut = (int)Math.Clamp(send.Start - segment.PayloadOffset, 0, segment.PayloadLength);
        segment.Seq += cut;
        segment.PayloadOffset += cut;
        segment.PayloadLength -= cut;
        MoveUrgentPointer(ref segment, cut);
        return true;
    }

    // The pointer counts from the segment's number (RFC 9293 §3.8.5), which has moved.
    private static void MoveUrgentPointer(ref SegmentPlan segment, int cut)
    {
        segment.UrgentPointer -= (ushort)Math.Min(cut, segment.UrgentPointer);
        if (segment.UrgentPointer == 0)
            segment.Flags &= ~TcpFlags.Urg;
    }

    /// <summary>A packet to ourselves never reaches the device: it arrives when the present round is over.</summary>
    private void Loop(ref OutgoingPlan plan)
    {
        if (loop.IsFull)
        {
            answers.Discard(ref plan, PacketDropReason.QueueFull);
            return;
        }

        loop.Add(builder.BuildLooped(ref plan, _pulled));
        if (plan.Kind != OutgoingKind.Packet)
            CountSegments(plan);
        Release(ref plan);
    }

    private void CountSent(in OutgoingPlan plan)
    {
        counters.FramesSent++;
        counters.BytesSent += plan.FrameLength;
        if (plan.Kind is OutgoingKind.Connection or OutgoingKind.Segment)
            CountSegments(plan);
    }

    private void CountSegments(in OutgoingPlan plan)
    {
        if (plan.Segment.IsRetransmission)
            counters.Resend(ReasonOf(plan), plan.WireSegments);
        else
            counters.SegmentsSent += plan.WireSegments;
        if ((plan.Segment.Flags & TcpFlags.Rst) != 0)
            counters.ResetsSent++;
    }

    private static ResendReason ReasonOf(in OutgoingPlan plan)
    {
        if (plan.Connection is not { } connection || (plan.Segment.Flags & TcpFlags.Syn) != 0)
            return ResendReason.Handshake;

        return connection.Tcb.Recovery switch
        {
            RecoveryState.Loss => ResendReason.Timeout,
            RecoveryState.Recovery => ResendReason.FastRecovery,
            _ => ResendReason.Probe,
        };
    }

    private void Release(ref OutgoingPlan plan)
    {
        plan.Packet?.Return();
        plan.Packet = null;
        plan.Connection = null;
    }
}
