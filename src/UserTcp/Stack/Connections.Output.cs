using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <content>
/// The pull: the dirty connections in turn, of those whose next hop is known. The others are parked, or learn that it
/// does not answer.
/// </content>
internal sealed partial class Connections
{
    /// <summary>A segment without text costs this much of a connection's budget, so that ACKs have one, too.</summary>
    private const int BareSegmentCost = 64;

    private readonly DirtyList _dirty = new();
    private readonly ParkedConnections _parked = new();
    private long _turn = 1;

    public bool HasOutput => _dirty.Count > 0;

    /// <summary>A turn ends with a pull that brought nothing; then every connection has its budget again.</summary>
    public void EndTurn() => _turn++;

    public bool TryNext(Instant now, ref OutgoingPlan plan)
    {
        while (_dirty.First is { } connection)
        {
            if (connection.Turn == _turn && connection.TurnBytes >= config.OutputBudgetBytes)
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

    /// <summary>The hop was found or failed: who waits for it is in line again.</summary>
    public void Release(HostAddress nextHop)
    {
        while (_parked.FirstFor(nextHop) is { } connection)
        {
            _parked.Remove(connection);
            _dirty.Add(connection);
        }
    }

    /// <summary>
    /// Whether a segment that is pulled now can be sent. If not, the connection is no longer first in line.
    /// </summary>
    private bool MayLeave(StackConnection connection, Instant now)
    {
        if (connection.IsLooped)
        {
            if (!loop.IsFull)
                return true;
            connection.Turn = _turn;
            connection.TurnBytes = config.OutputBudgetBytes;
            MoveToEnd(connection);
            return false;
        }

        switch (nextHops.Resolve(connection.NextHop, now, out _))
        {
            case NeighborLookup.Resolved:
                return true;
            case NeighborLookup.Pending:
                Park(connection, now);
                return false;
            case NeighborLookup.Refused:
                wakes.Add(StackLimit.Neighbors, now);
                Lose(connection, PacketDropReason.NeighborTableFull, now);
                return false;
            default:
                Apply(connection, connection.Tcb.OnNextHopUnreachable(now), now);
                Lose(connection, PacketDropReason.NeighborUnreachable, now);
                return false;
        }
    }

    /// <summary>
    /// Nothing is pulled until the next hop is known. A connection that is over does not wait: its last words do.
    /// </summary>
    private void Park(StackConnection connection, Instant now)
    {
        _dirty.Remove(connection);
        if (IsOver(connection))
        {
            while (connection.Tcb.TryNextSegment(now, out SegmentPlan segment))
            {
                answers.Send(connection.Flow, segment, connection.Tcb.Live);
            }

            return;
        }

        _parked.Add(connection);
    }

    /// <summary>
    /// Packets that would be sent now are lost, as they would be beyond the first router. The connection's timers send
    /// them again.
    /// </summary>
    private void Lose(StackConnection connection, PacketDropReason reason, Instant now)
    {
        while (connection.Tcb.TryNextSegment(now, out _))
        {
            counters.Drop(reason);
        }

        Settle(connection);
    }

    private void MarkDirty(StackConnection connection)
    {
        if (!connection.IsParked)
            _dirty.Add(connection);
    }

    private static void Describe(StackConnection connection, ref OutgoingPlan plan)
    {
        plan.Kind = OutgoingKind.Connection;
        plan.Connection = connection;
        plan.Flow = connection.Flow;
        plan.NextHop = connection.NextHop;
        plan.IsLooped = connection.IsLooped;
        plan.Packet = null;
        plan.TimeToLive = connection.Tcb.Live.TimeToLive;
        plan.TrafficClass = connection.Tcb.Live.TrafficClass;
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
        if (connection.TurnBytes >= config.OutputBudgetBytes)
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
}
