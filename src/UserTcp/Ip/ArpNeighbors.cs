using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>
/// ARP (RFC 826) as the codec of the <see cref="NeighborTable"/>, and its rules. Nothing is learned of hosts that are
/// not on the link, and nothing from replies that nobody asked for.
/// </summary>
internal sealed class ArpNeighbors(MacAddress ownMac, RoutingTable routes, NeighborTable table)
{
    /// <summary>
    /// Learns from a packet. A request addressed to us makes or renews an entry for its sender; an announcement only
    /// renews one; a reply only answers what we asked.
    /// </summary>
    public void OnArp(in ArpPacket arp, Instant now)
    {
        if (!IsCredible(arp))
            return;

        bool isForUs = routes.IsLocal(arp.TargetAddress);
        if (isForUs && arp.Operation == ArpOperation.Request)
            table.Meet(arp.SenderAddress, arp.SenderMac, now);
        else if (arp.IsGratuitous || (isForUs && table.IsAsked(arp.SenderAddress)))
            table.Renew(arp.SenderAddress, arp.SenderMac, now);
    }

    /// <summary>The next request to be sent; pull until false.</summary>
    public bool TryNextArp(out ArpPlan plan)
    {
        bool isFound = table.TryNextQuestion(out NeighborQuestion question);
        plan = !isFound ? default : ArpPlan.Request(
            ownMac, routes.SourceFor(question.Address), question.Address, question.Station ?? MacAddress.Broadcast);
        return isFound;
    }

    private bool IsCredible(in ArpPacket arp) =>
        !arp.SenderMac.IsMulticast
        && !arp.SenderMac.IsZero
        && arp.SenderMac != ownMac
        && routes.IsUnicast(arp.SenderAddress)
        && !routes.IsLocal(arp.SenderAddress)
        && routes.IsOnLink(arp.SenderAddress);
}
