using UserTcp.Fuzz.Wire;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Fuzz;

/// <content>Frames of the stack are judged and remembered. Only ARP requests are answered.</content>
internal sealed partial class FuzzRun
{
    private byte _silent;
    private bool _isPeerGone;
    private uint _pinged;

    public void OnSent(ReadOnlySpan<byte> frame, FrameOffload offload)
    {
        ReadOnlySpan<byte> bytes = frame;
        if (_settings.IsEthernet)
        {
            Require(EthernetHeader.TryParse(frame, out EthernetHeader header), "a frame without a header");
            Require(header.Source == Stations.StackMac, "a frame with the address of another station");
            if (header.EtherType == EtherType.Arp)
            {
                OnArp(header.Payload);
                return;
            }

            bytes = header.Payload;
        }

        Require(Ipv4Header.TryParse(bytes, out Ipv4Header packet), "what is no IPv4 packet");
        Require(packet.HasValidChecksum, "an IPv4 header with a wrong checksum");
        bool isSuper = (offload.Segmentation & ~SegmentationOffload.Ecn) != SegmentationOffload.None;
        Require(isSuper || packet.TotalLength <= _link.LargestMtu, "a packet above the MTU");
        if (packet.Protocol == IpProtocol.Tcp)
            OnTcp(packet, offload);
        else if (packet.Protocol == IpProtocol.Icmp)
            OnIcmp(packet);
        else
            throw new FuzzViolationException($"The stack sent protocol {packet.Protocol}.");
    }

    private static void Require(bool condition, string what)
    {
        if (!condition)
            throw new FuzzViolationException($"The stack sent {what}.");
    }

    private void OnTcp(in Ipv4Header packet, FrameOffload offload)
    {
        Require(TcpSegment.TryParse(packet.Payload, out TcpSegment segment), "what is no segment");
        Require(!segment.HasBrokenOptions, "broken options");
        Require(
            offload.IsChecksumPartial || InternetChecksum.IsTransportValid(
                packet.Source, packet.Destination, IpProtocol.Tcp, packet.Payload),
            "a segment with a wrong checksum");
        Require(Octets.AreOurs(segment.Seq, segment.Text), "text that was not written there");
        Require(segment.Text.IsEmpty || !segment.Has(TcpFlags.Syn), "SYN with text");
        if (segment.Window.Value == 0 && segment.Has(TcpFlags.Ack) && !segment.Has(TcpFlags.Rst))
            _coverage.On(Sight.ZeroWindow);
        if (!_isPeerGone)
        {
            var key = new FlowKey(packet.Source, segment.SourcePort, packet.Destination, segment.DestinationPort);
            FlowOf(key).OnSent(segment, packet.Packet);
        }
    }

    private void OnIcmp(in Ipv4Header packet)
    {
        Require(IcmpMessage.TryParse(packet.Payload, out IcmpMessage message), "what is no ICMP message");
        Require(message.HasValidChecksum, "an ICMP message with a wrong checksum");
        if (message.Type == IcmpType.EchoRequest)
            _pinged = (uint)message.Identifier << 16 | message.SequenceNumber;
    }

    private void OnArp(ReadOnlySpan<byte> bytes)
    {
        Require(ArpPacket.TryParse(bytes, out ArpPacket arp), "a malformed ARP packet");
        bool isOurs = arp.TargetAddress == Stations.Locals[0] || arp.TargetAddress == Stations.Locals[1];
        bool isSilent = (_silent >> Stations.IndexOf(arp.TargetAddress) % 8 & 1) != 0
            || (_isPeerGone && !_settings.ArpAnswersAtTheEnd);
        if (arp.Operation != ArpOperation.Request || isOurs || isSilent)
            return;

        var reply = new ArpPacket(
            ArpOperation.Reply, Stations.MacOf(arp.TargetAddress), arp.TargetAddress, arp.SenderMac, arp.SenderAddress);
        Span<byte> frame = stackalloc byte[EthernetHeader.Size + ArpPacket.Size];
        EthernetHeader.Write(frame, Stations.StackMac, reply.SenderMac, EtherType.Arp);
        reply.WriteTo(frame[EthernetHeader.Size..]);
        _link.Put(frame);
    }
}
