using System.Diagnostics;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>
/// The pull: ARP, then what belongs to no connection, then the dirty connections in turn. What the device does not take
/// stays a plan, and is built anew.
/// </content>
internal sealed partial class StackCore
{
    /// <summary>A segment without text costs this much of a connection's budget, so that ACKs have one, too.</summary>
    private const int BareSegmentCost = 64;

    /// <summary>How often packets to ourselves go round in one pull.</summary>
    private const int MaxLoopRounds = 4;

    private readonly FrameSlots _frames = new();
    private readonly OutgoingPlan[] _slots = new OutgoingPlan[FrameSlots.Count];
    private readonly PlanRing _unsent = new(FrameSlots.Count);
    private readonly DirtyList _dirty = new();
    private readonly ParkedConnections _parked = new();
    private readonly LoopQueue _loop = new();
    private long _turn = 1;
    private int _pulled;

    public bool HasPendingOutput => !_isLinkDown
        && (_unsent.Count > 0 || _dirty.Count > 0 || _replies.ReadyCount > 0 || _loop.Count > 0
            || _defence.HasArp || _neighbors.HasArp);

    /// <summary>
    /// Builds frames in the stack's own header blocks, valid until <see cref="FramesAccepted"/>, which must follow
    /// before anything else is called if the result is not 0.
    /// </summary>
    public int PullFrames(Span<TxFrame> frames, Instant now)
    {
        if (_isLinkDown)
            return 0;

        int room = Math.Min(frames.Length, FrameSlots.Count);
        _hasLastHop = false;
        _pulled = 0;
        DeliverLooped(now);
        for (int rounds = 0; _pulled < room;)
        {
            if (TryNextFrame(now, out TxFrame frame))
                frames[_pulled++] = frame;
            else if (_loop.Count == 0 || ++rounds > MaxLoopRounds)
                break;
            else
                DeliverLooped(now);
        }

        if (_pulled == 0)
            _turn++;
        return _pulled;
    }

    /// <summary>The device took the first <paramref name="count"/>; the rest stays as plans.</summary>
    public void FramesAccepted(int count, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)_pulled, nameof(count));
        for (int i = 0; i < count; i++)
        {
            CountSent(_slots[i]);
            Release(ref _slots[i]);
        }

        if (count < _pulled)
            Counters.LinkSendBackpressure++;
        for (int i = _pulled - 1; i >= count; i--)
        {
            if (!_unsent.TryAddFirst(_slots[i]))
                Discard(ref _slots[i], PacketDropReason.QueueFull);
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
        if (_defence.TryNextArp(out plan.Arp) || _neighbors.TryNextArp(out plan.Arp))
        {
            plan.Kind = OutgoingKind.Arp;
            plan.IsLooped = false;
            return true;
        }

        return _replies.TryTake(ref plan) || TryNextOfConnections(now, ref plan);
    }

    private bool TryNextOfConnections(Instant now, ref OutgoingPlan plan)
    {
        while (_dirty.First is { } connection)
        {
            if (connection.Turn == _turn && connection.TurnBytes >= Config.OutputBudgetBytes)
                return false; // it is at the end of the list: everybody had a turn
            if (!MayLeave(connection, now))
                continue;
            if (connection.Tcb.TryNextSegment(now, out plan.Segment))
            {
                Describe(connection, ref plan);
                Charge(connection, plan.Segment.PayloadLength + BareSegmentCost, now);
                return true;
            }

            Settle(connection);
        }

        return false;
    }

    private static void Describe(StackConnection connection, ref OutgoingPlan plan)
    {
        plan.Kind = OutgoingKind.Connection;
        plan.Connection = connection;
        plan.Flow = connection.Flow;
        plan.NextHop = connection.NextHop;
        plan.IsLooped = connection.IsLooped;
        plan.Packet = null;
        plan.TimeToLive = connection.Tcb.Config.TimeToLive;
        plan.TrafficClass = connection.Tcb.Config.TrafficClass;
    }

    private void Charge(StackConnection connection, int bytes, Instant now)
    {
        connection.LastEvent = Instant.Max(connection.LastEvent, now);
        _wheel.Arm(connection, connection.Tcb.NextDeadline);
        if (connection.Turn != _turn)
        {
            connection.Turn = _turn;
            connection.TurnBytes = 0;
        }

        connection.TurnBytes += bytes;
        if (connection.TurnBytes >= Config.OutputBudgetBytes)
            MoveToEnd(connection);
    }

    private void MoveToEnd(StackConnection connection)
    {
        _dirty.Remove(connection);
        _dirty.Add(connection);
    }

    /// <summary>The connection has nothing more to send.</summary>
    private void Settle(StackConnection connection)
    {
        _dirty.Remove(connection);
        if (!connection.IsForgotten)
            _wheel.Arm(connection, connection.Tcb.NextDeadline);
    }

    /// <summary>A segment of no connection; of one to be, or that was, with its settings.</summary>
    private void QueueSegment(in FlowKey flow, in SegmentPlan segment, TcpConfig? settings = null)
    {
        var plan = new OutgoingPlan
        {
            Kind = OutgoingKind.Segment,
            Flow = flow,
            Segment = segment,
            TimeToLive = settings?.TimeToLive ?? Ipv4Fields.DefaultTimeToLive,
            TrafficClass = settings?.TrafficClass ?? 0,
        };
        Queue(ref plan);
    }

    /// <summary>A whole packet; its block is the queue's from here on.</summary>
    private void QueuePacket(PacketBlock block, int length)
    {
        Debug.Assert(length >= Ipv4Header.Size, "A frame without a packet must not leave.");
        block.Length = length;
        var plan = new OutgoingPlan { Kind = OutgoingKind.Packet, Packet = block };
        if (Ipv4Header.TryParse(block.Packet, out Ipv4Header packet))
            plan.Flow = new FlowKey(packet.Source, 0, packet.Destination, 0);
        Queue(ref plan);
    }

    private bool Queue(ref OutgoingPlan plan)
    {
        bool hasRoute = _routes.TryResolve(plan.Flow.Remote, out NextHop hop);
        plan.NextHop = hop.Address;
        plan.IsLooped = hasRoute && _routes.IsLocal(plan.Flow.Remote);
        bool isQueued = hasRoute && !_isLinkDown && _replies.TryAdd(plan);
        if (!isQueued)
            Discard(ref plan, PacketDropReason.QueueFull);
        return isQueued;
    }
}
