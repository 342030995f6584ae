using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>From the frame to the transport. Nothing here sends: it marks, and the egress pulls.</content>
internal sealed partial class StackCore
{
    private AddressState _addressState;

    public void OnFrame(RxFrame frame, Instant arrival)
    {
        LastDrop = PacketDropReason.None;
        LastConnection = null;
        Counters.FramesReceived++;
        Counters.BytesReceived += frame.Bytes.Length;
        if (!_hasLinkHeader)
        {
            OnPacket(frame.Bytes, frame.Offload, viaLinkBroadcast: false, arrival);
            return;
        }

        PacketDropReason reason = IpInput.CheckFrame(frame.Bytes, Config.MacAddress, out EthernetHeader header);
        if (reason != PacketDropReason.None)
            Drop(reason);
        else if (header.EtherType == EtherType.Arp)
            OnArp(header.Payload, arrival);
        else
            OnPacket(header.Payload, frame.Offload, header.Destination.IsMulticast, arrival);
    }

    private void OnArp(ReadOnlySpan<byte> bytes, Instant arrival)
    {
        if (!ArpPacket.TryParse(bytes, out ArpPacket arp))
        {
            Drop(PacketDropReason.Malformed);
            return;
        }

        _defence.OnArp(arp, arrival);
        _neighbors.OnArp(arp, arrival);
        ReportDefence();
        FollowNeighbors(arrival);
    }

    private void OnPacket(ReadOnlySpan<byte> bytes, FrameOffload offload, bool viaLinkBroadcast, Instant arrival)
    {
        bool acceptsAny = _foreignFlows > 0 || _listeners.HasAnyAddressListener;
        PacketDropReason reason = IpInput.CheckPacket(
            bytes, _routes, viaLinkBroadcast, acceptsAny, out Ipv4Header packet);
        if (reason != PacketDropReason.None)
            Drop(reason);
        else if (packet.IsFragment)
            OnFragment(packet, arrival);
        else
            OnDatagram(packet, offload, MayLackChecksums, arrival);
    }

    private void OnFragment(in Ipv4Header fragment, Instant arrival)
    {
        long evicted = _reassembly.Evicted;
        PacketDropReason reason = _reassembly.Add(fragment, arrival, out ReadOnlySpan<byte> whole);
        for (; evicted < _reassembly.Evicted; evicted++)
        {
            Counters.Drop(PacketDropReason.FragmentLimit);
        }

        if (reason != PacketDropReason.None)
            Drop(reason);
        else if (!whole.IsEmpty && Ipv4Header.TryParse(whole, out Ipv4Header datagram))
            OnDatagram(datagram, default, mayLack: false, arrival); // who cuts a packet finishes its checksum first
    }

    private void OnDatagram(in Ipv4Header packet, FrameOffload offload, bool mayLack, Instant arrival)
    {
        switch (packet.Protocol)
        {
            case IpProtocol.Tcp:
                OnTcp(packet, offload, mayLack, arrival);
                break;
            case IpProtocol.Icmp:
                OnIcmp(packet, arrival);
                break;
            default:
                Drop(packet.Protocol == IpProtocol.Udp
                    ? PacketDropReason.NoListener
                    : PacketDropReason.UnknownProtocol);
                if (_routes.IsLocal(packet.Destination))
                    ReplyUnreachable(packet, IcmpErrors.CodeFor(packet.Protocol), arrival);
                break;
        }
    }

    private void OnTcp(in Ipv4Header packet, FrameOffload offload, bool mayLack, Instant arrival)
    {
        Counters.SegmentsReceived++;
        if (!IsChecksumGood(packet, offload, mayLack, out ChecksumFinding finding))
        {
            Counters.ErrorsReceived++;
            Drop(PacketDropReason.BadChecksum);
            return;
        }

        int segmentSize = offload.Segmentation == SegmentationOffload.None ? 0 : offload.SegmentSize;
        if (!TcpSegment.TryParse(packet.Payload, out TcpSegment seg, segmentSize, packet.Ecn, finding)
            || seg.SourcePort == 0 || seg.DestinationPort == 0)
        {
            Counters.ErrorsReceived++;
            Drop(PacketDropReason.Malformed);
            return;
        }

        OnSegment(packet, seg, arrival);
        NoteChallenges(arrival);
    }

    /// <summary>Tells Runtime what became of our addresses.</summary>
    private void ReportDefence()
    {
        while (_defence.TryNextConflict(out AddressConflict conflict))
        {
            _wakes.Add(conflict);
        }

        if (_defence.State == _addressState)
            return;
        _addressState = _defence.State;
        if (_addressState != AddressState.Claimed)
            return;
        foreach (LocalAddress address in _routes.Addresses)
        {
            _wakes.Add(WakeupKind.AddressClaimed, address.Address, Config.MacAddress);
        }
    }

    /// <summary>Resumes connections and packets whose next hop was found or failed.</summary>
    private void FollowNeighbors(Instant now)
    {
        while (_neighbors.TryNextChange(out NeighborChange change))
        {
            ReleaseParked(change.Address);
            if (TellsNeighbors)
                _wakes.Add(change, now - change.AskedSince);
            while (_replies.TryTakeWaiting(change.Address, out OutgoingPlan plan))
            {
                if (!change.IsResolved)
                    Discard(ref plan, PacketDropReason.NeighborUnreachable);
                else if (!_replies.TryAdd(plan))
                    Discard(ref plan, PacketDropReason.QueueFull);
            }
        }
    }
}
