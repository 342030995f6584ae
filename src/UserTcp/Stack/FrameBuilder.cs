using System.Diagnostics;
using UserTcp.Buffers;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>From the plan to the frame. Headers are written into native memory; text stays where it is.</summary>
internal sealed unsafe class FrameBuilder(LinkState link) : IDisposable
{
    private readonly FrameSlots _slots = new();

    /// <param name="plan">The plan, which learns the length of its frame.</param>
    /// <param name="mac">The next hop.</param>
    /// <param name="slot">Where the headers are written; valid until it is written again.</param>
    public TxFrame Build(ref OutgoingPlan plan, MacAddress mac, int slot)
    {
        byte* header = _slots.Header(slot);
        switch (plan.Kind)
        {
            case OutgoingKind.Arp:
                return BuildArp(ref plan, header);
            case OutgoingKind.Packet:
                WriteLinkHeader(header, mac);
                plan.FrameLength = link.HeaderBytes + plan.Packet!.Length;
                return new TxFrame(
                    header, link.HeaderBytes, plan.Packet.Pointer, plan.Packet.Length, null, 0, default);
            default:
                WriteLinkHeader(header, mac);
                return BuildSegment(ref plan, header, link.HeaderBytes);
        }
    }

    /// <summary>A packet to ourselves, without a link header.</summary>
    public TxFrame BuildLooped(ref OutgoingPlan plan, int slot) =>
        plan.Kind == OutgoingKind.Packet
            ? new TxFrame(null, 0, plan.Packet!.Pointer, plan.Packet.Length, null, 0, default)
            : BuildSegment(ref plan, _slots.Header(slot), linkBytes: 0);

    /// <summary>Frees the header blocks.</summary>
    public void Dispose() => _slots.Dispose();

    private TxFrame BuildArp(ref OutgoingPlan plan, byte* header)
    {
        plan.FrameLength = EthernetHeader.Size + ArpPacket.Size;
        var bytes = new Span<byte>(header, plan.FrameLength);
        EthernetHeader.Write(bytes, plan.Arp.Destination, link.MacAddress, EtherType.Arp);
        plan.Arp.Packet.WriteTo(bytes[EthernetHeader.Size..]);
        return new TxFrame(header, plan.FrameLength, null, 0, null, 0, default);
    }

    private void WriteLinkHeader(byte* header, MacAddress mac)
    {
        if (link.HasHeader)
            EthernetHeader.Write(new Span<byte>(header, EthernetHeader.Size), mac, link.MacAddress, EtherType.Ipv4);
    }

    /// <summary>Writes the IP and TCP headers, and finds the text.</summary>
    private TxFrame BuildSegment(ref OutgoingPlan plan, byte* header, int linkBytes)
    {
        ref SegmentPlan segment = ref plan.Segment;
        if ((segment.Flags & TcpFlags.Urg) != 0)
            CutUrgent(ref segment, plan.Flow.Family);
        IpFamily family = plan.Flow.Family;
        byte* tcp = header + linkBytes + family.HeaderBytes;
        int tcpBytes = TcpSegmentWriter.WriteHeader(
            new Span<byte>(tcp, TcpSegment.MaxHeaderSize), plan.Flow.LocalPort, plan.Flow.RemotePort, segment.Seq,
            segment.Ack, segment.Flags, segment.Window, segment.UrgentPointer, segment.Options);
        int segmentSize = FitSegmentSize(segment, family, tcpBytes);
        int tcpLength = tcpBytes + segment.PayloadLength;
        TcpSegmentWriter.WritePartialChecksum(
            new Span<byte>(tcp, tcpBytes), plan.Flow.Local, plan.Flow.Remote, tcpLength);
        WriteIpHeader(plan, header + linkBytes, tcpLength);

        BufferPiece first = default;
        BufferPiece second = default;
        if (segment.PayloadLength > 0)
        {
            int covered =
                plan.Connection!.Send.Gather(segment.PayloadOffset, segment.PayloadLength, out first, out second);
            Debug.Assert(covered == segment.PayloadLength, "The machine cuts segments at the second piece.");
        }

        int headerBytes = linkBytes + family.HeaderBytes + tcpBytes;
        plan.FrameLength = headerBytes + segment.PayloadLength;
        plan.WireSegments = segmentSize == 0 ? 1 : (segment.PayloadLength + segmentSize - 1) / segmentSize;
        FrameOffload offload = Offload(headerBytes, tcpBytes);
        if (plan.WireSegments > 1)
            offload = offload with { Segmentation = KindOf(segment, family), SegmentSize = (ushort)segmentSize };
        return new TxFrame(
            header, headerBytes, first.Pointer, first.Length, second.Pointer, second.Length, offload);
    }

    private static void WriteIpHeader(in OutgoingPlan plan, byte* header, int tcpLength)
    {
        Debug.Assert(plan.Flow.Family.IsV4, "The routes lead to IPv4 hosts alone.");
        Ipv4Header.Write(
            new Span<byte>(header, Ipv4Header.Size),
            new Ipv4Fields(plan.Flow.Local, plan.Flow.Remote, IpProtocol.Tcp, Ipv4Header.Size + tcpLength)
            {
                TimeToLive = plan.TimeToLive,
                TrafficClass = (byte)(plan.TrafficClass | (byte)plan.Segment.Ecn),
            });
    }

    /// <summary>The text of each segment: what was planned, or less if the link's MTU shrank meanwhile.</summary>
    private int FitSegmentSize(in SegmentPlan segment, IpFamily family, int tcpBytes)
    {
        int planned = segment.SegmentSize > 0 ? segment.SegmentSize : segment.PayloadLength;
        return Math.Min(planned, link.Mtu - family.HeaderBytes - tcpBytes);
    }

    /// <summary>
    /// The link's MTU shrank meanwhile, and what was one segment would be several with one pointer: only the first
    /// leaves. The connection sends again all that was planned for the larger MTU.
    /// </summary>
    private void CutUrgent(ref SegmentPlan segment, IpFamily family)
    {
        int fit = FitSegmentSize(segment, family, TcpSegment.HeaderSize + segment.Options.EncodedLength);
        if (segment.PayloadLength <= fit)
            return;

        segment.PayloadLength = fit;
        segment.Flags &= ~(TcpFlags.Psh | TcpFlags.Fin);
    }

    private static SegmentationOffload KindOf(in SegmentPlan segment, IpFamily family) =>
        (SegmentationOffload)family.SegmentationType
            | ((segment.Flags & TcpFlags.Cwr) != 0 ? SegmentationOffload.Ecn : SegmentationOffload.None);

    private static FrameOffload Offload(int headerBytes, int tcpBytes) => new()
    {
        Flags = FrameOffloadFlags.NeedsChecksum,
        HeaderLength = (ushort)headerBytes,
        ChecksumStart = (ushort)(headerBytes - tcpBytes),
        ChecksumOffset = TcpSegment.ChecksumOffset,
    };
}
