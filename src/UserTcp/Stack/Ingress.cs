using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>Input: from the frame to the protocol. Nothing here sends: it marks, and the egress pulls.</summary>
internal sealed class Ingress(
    ShardPlace place, LinkState link, RoutingTable routes, ListenTable listeners, Flows flows,
    AddressResolution resolution, Fragments fragments, SegmentInput segments, IcmpInput icmp, HandOvers handOvers,
    Answers answers, StackCounters counters)
{
    /// <summary>A frame from the link; it may be another shard's.</summary>
    public FrameOutcome OnFrame(RxFrame frame, Instant arrival) => OnFrame(frame, mayBeElsewhere: true, arrival);

    /// <summary>Something that arrived at another shard.</summary>
    public FrameOutcome OnHandOver(in HandOver handOver) => handOver.Kind switch
    {
        HandOverKind.Frame => OnFrame(
            new RxFrame(handOver.Bytes, handOver.Offload), mayBeElsewhere: false, handOver.Arrival),
        HandOverKind.Arp => resolution.OnNeighbor(handOver.Bytes, handOver.Arrival),
        _ => OnFound(handOver.Bytes, handOver.Arrival),
    };

    /// <summary>A packet to ourselves; nobody can have changed it.</summary>
    public void OnLooped(ReadOnlySpan<byte> bytes, Instant now)
    {
        if (IpPacket.TryParse(bytes, out IpPacket packet))
            OnDatagram(packet, new FrameOffload { Flags = FrameOffloadFlags.DataValid }, mayLack: false, now);
    }

    private FrameOutcome OnFrame(RxFrame frame, bool mayBeElsewhere, Instant arrival)
    {
        if (!link.HasHeader)
            return OnFrame(frame, frame.Bytes, mayBeElsewhere, viaLinkBroadcast: false, arrival);

        PacketDropReason reason = IpInput.CheckFrame(frame.Bytes, link.MacAddress, out EthernetHeader header);
        if (reason == PacketDropReason.None && header.EtherType != EtherType.Arp)
            return OnFrame(frame, header.Payload, mayBeElsewhere, header.Destination.IsMulticast, arrival);

        if (reason == PacketDropReason.None && mayBeElsewhere && place.Index != 0)
            return HandOver(0, frame, arrival); // one shard answers for our addresses, and passes ARP on

        Count(frame);
        return reason == PacketDropReason.None
            ? resolution.OnFrame(header.Payload, arrival)
            : counters.Drop(reason);
    }

    private FrameOutcome HandOver(int owner, RxFrame frame, Instant arrival)
    {
        handOvers.Add(owner, HandOverKind.Frame, frame.Bytes, frame.Offload, arrival);
        return new FrameOutcome(PacketDropReason.None) { IsHandedOver = true };
    }

    private FrameOutcome OnFrame(
        RxFrame frame, ReadOnlySpan<byte> packet, bool mayBeElsewhere, bool viaLinkBroadcast, Instant arrival)
    {
        if (mayBeElsewhere && place.IsElsewhere(packet, out int owner))
            return HandOver(owner, frame, arrival);

        Count(frame);
        return OnPacket(packet, frame.Offload, viaLinkBroadcast, arrival);
    }

    private void Count(RxFrame frame)
    {
        counters.FramesReceived++;
        counters.BytesReceived += frame.Bytes.Length;
    }

    /// <summary>A packet that shard 0 has put together or looked into; its sender finished the checksum.</summary>
    private FrameOutcome OnFound(ReadOnlySpan<byte> bytes, Instant arrival) =>
        IpPacket.TryParse(bytes, out IpPacket packet)
            ? OnDatagram(packet, default, mayLack: false, arrival)
            : counters.Drop(PacketDropReason.Malformed);

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
        if (whole.IsEmpty || !IpPacket.TryParse(whole, out IpPacket datagram))
            return reason;
        if (!place.IsElsewhere(whole, out int owner))
            return OnDatagram(datagram, default, mayLack: false, arrival); // who cuts a packet finishes its checksum

        handOvers.Add(owner, HandOverKind.Packet, whole, default, arrival);
        return reason;
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
