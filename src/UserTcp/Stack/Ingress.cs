using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>Input: from the frame to the protocol. Nothing here sends: it marks, and the egress pulls.</summary>
internal sealed class Ingress(
    LinkState link, RoutingTable routes, ListenTable listeners, Flows flows, AddressResolution resolution,
    Fragments fragments, SegmentInput segments, IcmpInput icmp, Answers answers, StackCounters counters)
{
    public FrameOutcome OnFrame(RxFrame frame, Instant arrival)
    {
        counters.FramesReceived++;
        counters.BytesReceived += frame.Bytes.Length;
        if (!link.HasHeader)
            return OnPacket(frame.Bytes, frame.Offload, viaLinkBroadcast: false, arrival);

        PacketDropReason reason = IpInput.CheckFrame(frame.Bytes, link.MacAddress, out EthernetHeader header);
        if (reason != PacketDropReason.None)
            return counters.Drop(reason);

        return header.EtherType == EtherType.Arp
            ? resolution.OnFrame(header.Payload, arrival)
            : OnPacket(header.Payload, frame.Offload, header.Destination.IsMulticast, arrival);
    }

    /// <summary>A packet to ourselves; nobody can have changed it.</summary>
    public void OnLooped(ReadOnlySpan<byte> bytes, Instant now)
    {
        if (IpPacket.TryParse(bytes, out IpPacket packet))
            OnDatagram(packet, new FrameOffload { Flags = FrameOffloadFlags.DataValid }, mayLack: false, now);
    }

    private FrameOutcome OnPacket(
        ReadOnlySpan<byte> bytes, FrameOffload offload, bool viaLinkBroadcast, Instant arrival)
    {
        bool acceptsAny = flows.HasForeign || listeners.HasAnyAddressListener;
        PacketDropReason reason = IpInput.CheckPacket(
            bytes, routes, viaLinkBroadcast, acceptsAny, out IpPacket packet);
        if (reason != PacketDropReason.None)
            return counters.Drop(reason);

        return packet.IsFragment
            ? OnFragment(packet, arrival)
            : OnDatagram(packet, offload, link.MayLackChecksums, arrival);
    }

    private FrameOutcome OnFragment(in IpPacket fragment, Instant arrival)
    {
        PacketDropReason reason = fragments.OnPacket(fragment, arrival, out ReadOnlySpan<byte> whole);
        return !whole.IsEmpty && IpPacket.TryParse(whole, out IpPacket datagram)
            ? OnDatagram(datagram, default, mayLack: false, arrival) // who cuts a packet finishes its checksum first
            : reason;
    }

    private FrameOutcome OnDatagram(in IpPacket packet, FrameOffload offload, bool mayLack, Instant arrival)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Tcp:
                return segments.OnPacket(packet, offload, mayLack, arrival);
            case IpProtocol.Icmp:
                return icmp.OnPacket(packet, arrival);
            default:
                return OnUnknown(packet, arrival);
        }
    }

    private PacketDropReason OnUnknown(in IpPacket packet, Instant now)
    {
        PacketDropReason reason = counters.Drop(packet.Protocol == IpProtocol.Udp
            ? PacketDropReason.NoListener
            : PacketDropReason.UnknownProtocol);
        if (!routes.IsLocal(packet.Destination) || !IcmpErrors.MayAnswer(packet, routes, viaLinkBroadcast: false))
            return reason;

        PacketDropReason silence = answers.RentForIcmp(now, IcmpErrors.MaxPacketBytes, out PacketBlock? block);
        if (block is null)
            return silence;

        answers.Send(block, IcmpErrors.WriteUnreachable(block.Room, packet, IcmpErrors.CodeFor(packet.Protocol)));
        return reason;
    }
}
