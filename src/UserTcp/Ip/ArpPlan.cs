using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>An ARP packet to be sent, and the station or all stations it goes to.</summary>
internal readonly record struct ArpPlan(ArpPacket Packet, MacAddress Destination)
{
    /// <summary>Asks for an address: everybody, or the station that had it.</summary>
    public static ArpPlan Request(MacAddress ownMac, HostAddress ownAddress, HostAddress target, MacAddress station) =>
        new(new ArpPacket(ArpOperation.Request, ownMac, ownAddress, default, target), station);

    /// <summary>Answers the sender of a request.</summary>
    public static ArpPlan Reply(MacAddress ownMac, in ArpPacket request) =>
        new(
            new ArpPacket(
                ArpOperation.Reply, ownMac, request.TargetAddress, request.SenderMac, request.SenderAddress),
            request.SenderMac);

    /// <summary>Asks whether anybody has the address, without touching anybody's table (RFC 5227 §2.1.1).</summary>
    public static ArpPlan Probe(MacAddress ownMac, HostAddress address) =>
        Request(ownMac, HostAddress.AnyV4, address, MacAddress.Broadcast);

    /// <summary>Tells everybody that the address is ours (RFC 5227 §2.3).</summary>
    public static ArpPlan Announcement(MacAddress ownMac, HostAddress address) =>
        Request(ownMac, address, address, MacAddress.Broadcast);
}
