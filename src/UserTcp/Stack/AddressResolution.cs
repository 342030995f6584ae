using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// ARP: what others ask and answer, and the defence of our addresses. It tells those who wait for a next hop.
/// </summary>
internal sealed class AddressResolution(
    RoutingTable routes, NeighborTable neighbors, ArpNeighbors neighborsByArp, AddressDefence defence, LinkState link,
    Connections connections, HandOvers handOvers, Answers answers, WakeQueue wakes, StackCounters counters)
    : IOutputSource, ITimed
{
    /// <summary>How far the claim of our addresses is (RFC 5227).</summary>
    public AddressState State => defence.State;

    /// <summary>Whether wake-ups tell of next hops that were found, or not.</summary>
    public bool TellsNeighbors { get; set; }

    public bool HasOutput => defence.HasArp || neighbors.HasQuestion;

    public Instant NextDeadline => Instant.Min(neighbors.NextDeadline, defence.NextDeadline);

    public PacketDropReason OnFrame(ReadOnlySpan<byte> bytes, Instant arrival)
    {
        if (!ArpPacket.TryParse(bytes, out ArpPacket arp))
            return counters.Drop(PacketDropReason.Malformed);

        defence.OnArp(arp, arrival);
        ReportDefence();
        Learn(arp, arrival);
        if (arp.IsGratuitous || routes.IsLocal(arp.TargetAddress))
            handOvers.AddForOthers(HandOverKind.Arp, bytes, arrival);
        return PacketDropReason.None;
    }

    /// <summary>An ARP packet that shard 0 got, and has answered if it asked for us.</summary>
    public PacketDropReason OnNeighbor(ReadOnlySpan<byte> bytes, Instant arrival)
    {
        if (ArpPacket.TryParse(bytes, out ArpPacket arp))
            Learn(arp, arrival);
        return PacketDropReason.None;
    }

    private void Learn(in ArpPacket arp, Instant arrival)
    {
        neighborsByArp.OnArp(arp, arrival);
        TellWaiting(arrival);
    }

    /// <summary>Claims another address for the host; a wake-up tells what comes of it. On shard 0.</summary>
    public void Claim(LocalAddress address, Instant now)
    {
        if (defence.Add(address, now) == AddressState.Claimed)
            OnClaimed(address);
    }

    /// <summary>
    /// The address is no longer the host's, nor claimed for it. On shard 0. False if it was neither.
    /// </summary>
    public bool Release(HostAddress address) => defence.Remove(address) | routes.Remove(address);

    public void OnDeadline(Instant dueBy, Instant now)
    {
        neighbors.OnDeadline(now);
        TellWaiting(now);
        defence.OnDeadline(now);
        ReportDefence();
    }

    public bool TryNext(Instant now, ref OutgoingPlan plan)
    {
        if (!defence.TryNextArp(out plan.Arp) && !neighborsByArp.TryNextArp(out plan.Arp))
            return false;

        plan.Kind = OutgoingKind.Arp;
        plan.IsLooped = false;
        return true;
    }

    /// <summary>Tells Runtime what became of our addresses.</summary>
    private void ReportDefence()
    {
        while (defence.TryNextConflict(out AddressConflict conflict))
        {
            wakes.Add(conflict);
        }

        while (defence.TryNextClaimed(out LocalAddress address))
        {
            OnClaimed(address);
        }
    }

    private void OnClaimed(LocalAddress address)
    {
        routes.Set(address);
        wakes.Add(WakeupKind.AddressClaimed, address.Address, link.MacAddress);
    }

    /// <summary>Resumes connections and packets whose next hop was found or failed.</summary>
    private void TellWaiting(Instant now)
    {
        while (neighbors.TryNextChange(out NeighborChange change))
        {
            connections.Release(change.Address);
            if (TellsNeighbors)
                wakes.Add(change, now - change.AskedSince);
            answers.Release(change);
        }
    }
}
