using System.Diagnostics;
using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>From the plan to the frame.</content>
internal sealed unsafe partial class StackCore
{
    private int LinkHeaderBytes => _hasLinkHeader ? EthernetHeader.Size : 0;

    private bool TryBuild(ref OutgoingPlan plan, Instant now, out TxFrame frame)
    {
        frame = default;
        if (plan.Kind == OutgoingKind.Arp)
        {
            frame = BuildArp(ref plan);
            return true;
        }

        if (plan.Kind == OutgoingKind.Connection && !TryRefresh(ref plan))
            return false;
        if (plan.IsLooped)
        {
            Loop(ref plan);
            return false;
        }

        NeighborLookup lookup = Resolve(plan.NextHop, now, out MacAddress mac);
        if (lookup == NeighborLookup.Resolved)
        {
            frame = plan.Kind == OutgoingKind.Packet ? BuildPacket(ref plan, mac) : BuildSegment(ref plan, mac);
            return true;
        }

        if (lookup == NeighborLookup.Pending && plan.Kind != OutgoingKind.Connection)
            SetAside(ref plan);
        else if (lookup == NeighborLookup.Refused)
            Refuse(ref plan, now);
        else
            Discard(ref plan, PacketDropReason.NeighborUnreachable);
        return false;
    }

    private void SetAside(ref OutgoingPlan plan)
    {
        if (_replies.Park(plan, out OutgoingPlan dropped))
            Discard(ref dropped, PacketDropReason.QueueFull);
        plan.Packet = null; // what waits has it now: the slot's next plan must not give it back
    }

    private void Refuse(ref OutgoingPlan plan, Instant now)
    {
        Discard(ref plan, PacketDropReason.NeighborTableFull);
        Tell(StackLimit.Neighbors, now);
    }

    /// <summary>
    /// Drops of a plan that the device did not take at once what was acknowledged meanwhile. False if its connection is
    /// gone and with it the text.
    /// </summary>
    private static bool TryRefresh(ref OutgoingPlan plan)
    {
        ref SegmentPlan segment = ref plan.Segment;
        if (segment.PayloadLength == 0)
            return true;

        SendQueue send = plan.Connection!.Send;
        if (send.IsAbandoned || plan.Connection.Tcb.State == TcpState.Closed)
            return false;

        int cut = (int)Math.Clamp(send.Start - segment.PayloadOffset, 0, segment.PayloadLength);
        segment.Seq += cut;
        segment.PayloadOffset += cut;
        segment.PayloadLength -= cut;
        MoveUrgentPointer(ref segment, cut);
        return true;
    }

    // The pointer counts from the segment's number (RFC 9293 §3.8.5), which has moved.
    private static void MoveUrgentPointer(ref SegmentPlan segment, int cut)
    {
        segment.UrgentPointer -= (ushort)Math.Min(cut, segment.UrgentPointer);
        if (segment.UrgentPointer == 0)
            segment.Flags &= ~TcpFlags.Urg;
    }

    private TxFrame BuildArp(ref OutgoingPlan plan)
    {
        byte* header = _frames.Header(_pulled);
        plan.FrameLength = EthernetHeader.Size + ArpPacket.Size;
        var bytes = new Span<byte>(header, plan.FrameLength);
        EthernetHeader.Write(bytes, plan.Arp.Destination, Config.MacAddress, EtherType.Arp);
        plan.Arp.Packet.WriteTo(bytes[EthernetHeader.Size..]);
        return new TxFrame(header, plan.FrameLength, null, 0, null, 0, default);
    }

    private TxFrame BuildPacket(ref OutgoingPlan plan, MacAddress mac)
    {
        PacketBlock block = plan.Packet!;
        byte* header = _frames.Header(_pulled);
        WriteLinkHeader(header, mac);
        plan.FrameLength = LinkHeaderBytes + block.Length;
        return new TxFrame(header, LinkHeaderBytes, block.Pointer, block.Length, null, 0, default);
    }

    private void WriteLinkHeader(byte* header, MacAddress mac)
    {
        if (_hasLinkHeader)
            EthernetHeader.Write(new Span<byte>(header, EthernetHeader.Size), mac, Config.MacAddress, EtherType.Ipv4);
    }

    private TxFrame BuildSegment(ref OutgoingPlan plan, MacAddress mac)
    {
        byte* header = _frames.Header(_pulled);
        WriteLinkHeader(header, mac);
        return BuildSegment(ref plan, header, LinkHeaderBytes);
    }

    /// <summary>Writes the IP and TCP headers, and finds the text.</summary>
    private TxFrame BuildSegment(ref OutgoingPlan plan, byte* header, int linkBytes)
    {
        ref SegmentPlan segment = ref plan.Segment;
        if ((segment.Flags & TcpFlags.Urg) != 0)
            CutUrgent(ref segment);
        byte* tcp = header + linkBytes + Ipv4Header.Size;
        int tcpBytes = TcpSegmentWriter.WriteHeader(
            new Span<byte>(tcp, TcpSegment.MaxHeaderSize), plan.Flow.LocalPort, plan.Flow.RemotePort, segment.Seq,
            segment.Ack, segment.Flags, segment.Window, segment.UrgentPointer, segment.Options);
        int segmentSize = FitSegmentSize(segment, tcpBytes);
        int tcpLength = tcpBytes + segment.PayloadLength;
        TcpSegmentWriter.WritePartialChecksum(
            new Span<byte>(tcp, tcpBytes), plan.Flow.Local, plan.Flow.Remote, tcpLength);
        Ipv4Header.Write(
            new Span<byte>(header + linkBytes, Ipv4Header.Size),
            new Ipv4Fields(plan.Flow.Local, plan.Flow.Remote, IpProtocol.Tcp, Ipv4Header.Size + tcpLength)
            {
                TimeToLive = plan.TimeToLive,
                TrafficClass = (byte)(plan.TrafficClass | (byte)segment.Ecn),
            });

        BufferPiece first = default;
        BufferPiece second = default;
        if (segment.PayloadLength > 0)
        {
            int covered =
                plan.Connection!.Send.Gather(segment.PayloadOffset, segment.PayloadLength, out first, out second);
            Debug.Assert(covered == segment.PayloadLength, "The machine cuts segments at the second piece.");
        }

        int headerBytes = linkBytes + Ipv4Header.Size + tcpBytes;
        plan.FrameLength = headerBytes + segment.PayloadLength;
        plan.WireSegments = segmentSize == 0 ? 1 : (segment.PayloadLength + segmentSize - 1) / segmentSize;
        FrameOffload offload = Offload(headerBytes, tcpBytes, plan.WireSegments > 1 ? segmentSize : 0);
        if (plan.WireSegments > 1 && (segment.Flags & TcpFlags.Cwr) != 0)
            offload = offload with { Segmentation = SegmentationOffload.TcpV4 | SegmentationOffload.Ecn };
        return new TxFrame(
            header, headerBytes, first.Pointer, first.Length, second.Pointer, second.Length, offload);
    }

    /// <summary>The text of each segment: what was planned, or less if the link's MTU shrank meanwhile.</summary>
    private int FitSegmentSize(in SegmentPlan segment, int tcpBytes)
    {
        int planned = segment.SegmentSize > 0 ? segment.SegmentSize : segment.PayloadLength;
        return Math.Min(planned, _mtu - Ipv4Header.Size - tcpBytes);
    }

    /// <summary>
    /// The link's MTU shrank meanwhile, and what was one segment would be several with one pointer: only the first
    /// leaves. The connection sends again all that was planned for the larger MTU.
    /// </summary>
    private void CutUrgent(ref SegmentPlan segment)
    {
        int fit = FitSegmentSize(segment, TcpSegment.HeaderSize + segment.Options.EncodedLength);
        if (segment.PayloadLength <= fit)
            return;

        segment.PayloadLength = fit;
        segment.Flags &= ~(TcpFlags.Psh | TcpFlags.Fin);
    }

    private static FrameOffload Offload(int headerBytes, int tcpBytes, int segmentSize) => new()
    {
        Flags = FrameOffloadFlags.NeedsChecksum,
        Segmentation = segmentSize > 0 ? SegmentationOffload.TcpV4 : SegmentationOffload.None,
        HeaderLength = (ushort)headerBytes,
        SegmentSize = (ushort)segmentSize,
        ChecksumStart = (ushort)(headerBytes - tcpBytes),
        ChecksumOffset = TcpSegment.ChecksumOffset,
    };

    /// <summary>A packet to ourselves never reaches the device: it arrives when the present round is over.</summary>
    private void Loop(ref OutgoingPlan plan)
    {
        if (_loop.IsFull)
        {
            Discard(ref plan, PacketDropReason.QueueFull);
            return;
        }

        _loop.Add(plan.Kind == OutgoingKind.Packet
            ? new TxFrame(null, 0, plan.Packet!.Pointer, plan.Packet.Length, null, 0, default)
            : BuildSegment(ref plan, _frames.Header(_pulled), 0));
        if (plan.Kind != OutgoingKind.Packet)
            CountSegments(plan);
        Release(ref plan);
    }

    private void DeliverLooped(Instant now)
    {
        var verified = new FrameOffload { Flags = FrameOffloadFlags.DataValid };
        for (int left = _loop.Count; left > 0; left--)
        {
            if (Ipv4Header.TryParse(_loop.First, out Ipv4Header packet))
                OnDatagram(packet, verified, mayLack: false, now);
            _loop.RemoveFirst();
        }
    }

    private void CountSent(in OutgoingPlan plan)
    {
        Counters.FramesSent++;
        Counters.BytesSent += plan.FrameLength;
        if (plan.Kind is OutgoingKind.Connection or OutgoingKind.Segment)
            CountSegments(plan);
    }

    private void CountSegments(in OutgoingPlan plan)
    {
        if (plan.Segment.IsRetransmission)
            Counters.Resend(ReasonOf(plan), plan.WireSegments);
        else
            Counters.SegmentsSent += plan.WireSegments;
        if ((plan.Segment.Flags & TcpFlags.Rst) != 0)
            Counters.ResetsSent++;
    }

    private static ResendReason ReasonOf(in OutgoingPlan plan)
    {
        if (plan.Connection is not { } connection || (plan.Segment.Flags & TcpFlags.Syn) != 0)
            return ResendReason.Handshake;

        return connection.Tcb.Recovery switch
        {
            RecoveryState.Loss => ResendReason.Timeout,
            RecoveryState.Recovery => ResendReason.FastRecovery,
            _ => ResendReason.Probe,
        };
    }

    /// <summary>The plan comes to nothing. An echo request's sender hears of it.</summary>
    private void Discard(ref OutgoingPlan plan, PacketDropReason reason)
    {
        Drop(reason);
        if (plan.Packet is not { } block)
            return;
        plan.Packet = null;
        if (Ipv4Header.TryParse(block.Packet, out Ipv4Header packet)
            && IcmpMessage.TryParse(packet.Payload, out IcmpMessage message) && message.Type == IcmpType.EchoRequest)
        {
            _wakes.Add(WakeupKind.EchoUnreachable, new EchoAnswer(
                packet.Source, message.Identifier, message.SequenceNumber, 0, 0, default));
        }

        _blocks.Return(block);
    }

    private void Release(ref OutgoingPlan plan)
    {
        if (plan.Packet is { } block)
            _blocks.Return(block);
        plan.Packet = null;
        plan.Connection = null;
    }
}
