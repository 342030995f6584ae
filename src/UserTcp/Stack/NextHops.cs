using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The next hops of packets. Senders use no more than this of the neighbour table.
/// </summary>
internal sealed class NextHops(
    RoutingTable routes, NeighborTable neighbors, LinkState link, WakeQueue wakes, StackCounters counters)
{
    // The hop of the last frame of this pull; most frames go where the one before went.
    private HostAddress _last;
    private MacAddress _lastMac;
    private bool _hasLast;

    /// <summary>Begins a pull: what was known in the last one may have changed.</summary>
    public void Refresh() => _hasLast = false;

    /// <summary>The station that leads to a destination, or the reason why none does.</summary>
    public CallResult Find(HostAddress destination, out NextHop hop)
    {
        hop = default;
        if (!destination.IsV4)
            return CallResult.FamilyNotSupported;
        if (!routes.IsUnicast(destination))
            return CallResult.InvalidDestination;

        return routes.TryResolve(destination, out hop) ? CallResult.Done : CallResult.NoRoute;
    }

    /// <summary>
    /// Whether the hop can be asked for, if it has to be. A newcomer never ends a question that has begun.
    /// </summary>
    public bool HasRoomToAsk(in NextHop hop, HostAddress destination, Instant now)
    {
        if (!link.HasHeader || routes.IsLocal(destination) || neighbors.HasRoomFor(hop.Address))
            return true;

        counters.Drop(PacketDropReason.NeighborTableFull);
        wakes.Add(StackLimit.Neighbors, now);
        return false;
    }

    /// <summary>Takes a place in the table for a new connection.</summary>
    public void Reserve(StackConnection connection, Instant now)
    {
        if (link.HasHeader && !connection.IsLooped)
            neighbors.Resolve(connection.NextHop, now, out _);
    }

    public NeighborLookup Resolve(HostAddress nextHop, Instant now, out MacAddress mac)
    {
        mac = _lastMac;
        if (!link.HasHeader || (_hasLast && nextHop == _last))
            return NeighborLookup.Resolved;

        NeighborLookup lookup = neighbors.Resolve(nextHop, now, out mac);
        if (lookup == NeighborLookup.Resolved)
        {
            _hasLast = true;
            _last = nextHop;
            _lastMac = mac;
        }

        return lookup;
    }

    /// <summary>A connection's progress confirms its next hop, and the want of it makes the hop suspect.</summary>
    public void Advise(StackConnection connection, Effects effects, Instant now)
    {
        if (!link.HasHeader || connection.IsLooped)
            return;
        if ((effects & Effects.ForwardProgress) != 0)
            neighbors.Confirm(connection.NextHop, now);
        else
            neighbors.Suspect(connection.NextHop, now);
    }
}
