using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <content>
/// Who may send now: those whose next hop is known. The others are parked, or learn that it does not answer.
/// </content>
internal sealed partial class StackCore
{
    // The hop of the last frame of this pull; most frames go where the one before went.
    private HostAddress _lastHop;
    private MacAddress _lastHopMac;
    private bool _hasLastHop;

    /// <summary>
    /// Whether a segment that is pulled now can be sent. If not, the connection is no longer first in line.
    /// </summary>
    private bool MayLeave(StackConnection connection, Instant now)
    {
        if (connection.IsLooped)
        {
            if (!_loop.IsFull)
                return true;
            connection.Turn = _turn;
            connection.TurnBytes = Config.OutputBudgetBytes;
            MoveToEnd(connection);
            return false;
        }

        switch (Resolve(connection.NextHop, now, out _))
        {
            case NeighborLookup.Resolved:
                return true;
            case NeighborLookup.Pending:
                Park(connection, now);
                return false;
            case NeighborLookup.Refused:
                Lose(connection, PacketDropReason.NeighborTableFull, now);
                return false;
            default:
                GiveUp(connection, now);
                return false;
        }
    }

    private NeighborLookup Resolve(HostAddress nextHop, Instant now, out MacAddress mac)
    {
        mac = _lastHopMac;
        if (!_hasLinkHeader || (_hasLastHop && nextHop == _lastHop))
            return NeighborLookup.Resolved;

        NeighborLookup lookup = _neighbors.Resolve(nextHop, now, out mac);
        if (lookup == NeighborLookup.Resolved)
        {
            _hasLastHop = true;
            _lastHop = nextHop;
            _lastHopMac = mac;
        }

        return lookup;
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
                QueueSegment(connection.Flow, segment, connection.Tcb.Config);
            }

            return;
        }

        _parked.Add(connection);
    }

    private void ReleaseParked(HostAddress nextHop)
    {
        while (_parked.FirstFor(nextHop) is { } connection)
        {
            Unpark(connection);
        }
    }

    private void Unpark(StackConnection connection)
    {
        _parked.Remove(connection);
        _dirty.Add(connection);
    }

    private void MarkDirty(StackConnection connection)
    {
        if (!connection.IsParked)
            _dirty.Add(connection);
    }

    /// <summary>
    /// The next hop does not answer: what would be sent now is lost, as it would be beyond the first router.
    /// </summary>
    private void GiveUp(StackConnection connection, Instant now)
    {
        Apply(connection, connection.Tcb.OnNextHopUnreachable(now), now);
        Lose(connection, PacketDropReason.NeighborUnreachable, now);
    }

    /// <summary>Packets that would be sent now are lost. The connection's timers send them again.</summary>
    private void Lose(StackConnection connection, PacketDropReason reason, Instant now)
    {
        while (connection.Tcb.TryNextSegment(now, out _))
        {
            Drop(reason);
        }

        if (reason == PacketDropReason.NeighborTableFull)
            Tell(StackLimit.Neighbors, now);
        Settle(connection);
    }

    /// <summary>
    /// Whether the hop can be asked for, if it has to be. A newcomer never ends a question that has begun.
    /// </summary>
    private bool HasRoomToAsk(in NextHop hop, HostAddress destination, Instant now)
    {
        if (!_hasLinkHeader || _routes.IsLocal(destination) || _neighbors.HasRoomFor(hop.Address))
            return true;

        Counters.Drop(PacketDropReason.NeighborTableFull);
        Tell(StackLimit.Neighbors, now);
        return false;
    }
}
