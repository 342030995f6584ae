using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Ip;

/// <summary>
/// Which frames and packets are for us and are sound (RFC 1122 §3.2.1). Pure: each check answers why it drops, or
/// <see cref="PacketDropReason.None"/>.
/// </summary>
internal static class IpInput
{
    /// <summary>
    /// Checks an Ethernet frame: long enough, IPv4 or ARP, to us or to everybody or to a group, from one station.
    /// </summary>
    public static PacketDropReason CheckFrame(ReadOnlySpan<byte> frame, MacAddress ownMac, out EthernetHeader header)
    {
        if (!EthernetHeader.TryParse(frame, out header))
            return PacketDropReason.Malformed;
        if (header.Destination != ownMac && !header.Destination.IsMulticast)
            return PacketDropReason.NotForUs;
        if (header.Source.IsMulticast)
            return PacketDropReason.Filtered;
        if (header.EtherType == EtherType.Ipv4 && !header.Payload.IsEmpty && header.Payload[0] >> 4 != 4)
            return PacketDropReason.Malformed;

        return header.EtherType is EtherType.Ipv4 or EtherType.Arp
            ? PacketDropReason.None
            : PacketDropReason.UnknownProtocol;
    }

    /// <summary>
    /// Checks a packet that arrived from the link: header, checksum, addresses. The stack does not speak IPv6 yet.
    /// </summary>
    /// <param name="bytes">The packet; what the frame has beyond its total length is ignored.</param>
    /// <param name="routes">The addresses and routes of the stack.</param>
    /// <param name="viaLinkBroadcast">Whether the frame was sent to more than us.</param>
    /// <param name="acceptsAnyAddress">Whether every single host's address counts as ours.</param>
    /// <param name="packet">The packet, if nothing is wrong with it; it may be a fragment.</param>
    public static PacketDropReason CheckPacket(
        ReadOnlySpan<byte> bytes, RoutingTable routes, bool viaLinkBroadcast, bool acceptsAnyAddress,
        out IpPacket packet)
    {
        if (!IpPacket.TryParse(bytes, out packet))
            return PacketDropReason.Malformed;
        if (!packet.Family.IsV4)
            return PacketDropReason.UnknownProtocol;
        if (!packet.HasValidHeader)
            return PacketDropReason.BadChecksum;

        HostAddress source = packet.Source;
        if (!routes.IsUnicast(source) || routes.IsLocal(source))
            return PacketDropReason.Filtered;

        return CheckDestination(packet.Destination, routes, viaLinkBroadcast, acceptsAnyAddress);
    }

    private static PacketDropReason CheckDestination(
        HostAddress destination, RoutingTable routes, bool viaLinkBroadcast, bool acceptsAnyAddress)
    {
        // Nothing that we speak may be sent to many (RFC 9293 §3.9.2.3, MUST-57; RFC 1122 §3.2.2.6 for echo); and
        // RFC 1122 §3.3.6 wants packets for one host, in a frame for many, dropped in silence.
        if (viaLinkBroadcast || destination.IsMulticast || routes.IsBroadcast(destination))
            return PacketDropReason.BroadcastOrMulticast;
        if (routes.IsLocal(destination))
            return PacketDropReason.None;

        return acceptsAnyAddress && routes.IsUnicast(destination) ? PacketDropReason.None : PacketDropReason.NotForUs;
    }
}
