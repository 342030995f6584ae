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

        return header.EtherType is EtherType.Ipv4 or EtherType.Arp
            ? PacketDropReason.None
            : PacketDropReason.UnknownProtocol;
    }

    /// <summary>Checks an IPv4 packet that arrived from the link: header, checksum, addresses.</summary>
    /// <param name="bytes">The packet; what the frame has beyond its total length is ignored.</param>
    /// <param name="routes">The addresses and routes of the stack.</param>
    /// <param name="viaLinkBroadcast">Whether the frame was sent to more than us.</param>
    /// <param name="acceptsAnyAddress">Whether every single host's address counts as ours.</param>
    /// <param name="header">The packet, if nothing is wrong with it; it may be a fragment.</param>
    public static PacketDropReason CheckPacket(
        ReadOnlySpan<byte> bytes, RoutingTable routes, bool viaLinkBroadcast, bool acceptsAnyAddress,
        out Ipv4Header header)
    {
        if (!Ipv4Header.TryParse(bytes, out header))
            return PacketDropReason.Malformed;
        if (!header.HasValidChecksum)
            return PacketDropReason.BadChecksum;

        HostAddress source = header.Source;
        if (!routes.IsUnicast(source) || routes.IsLocal(source))
            return PacketDropReason.Filtered;

        return CheckDestination(header.Destination, routes, viaLinkBroadcast, acceptsAnyAddress);
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
