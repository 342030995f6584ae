using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// Decides which checksums are good: right ones, those that the device vouches for, and unfinished ones of senders
/// that finish none.
/// </summary>
internal sealed class SegmentChecks(ChecksumPolicy policy, LinkState link)
{
    /// <summary>
    /// RFC 9293 §3.1 (MUST-3), unless the device vouches for the segment. On a link that carries segments of this
    /// machine, an unfinished one is good so far: its flow decides (<see cref="IsTrusted"/>).
    /// </summary>
    public bool IsGood(in IpPacket packet, FrameOffload offload, bool mayLack, out ChecksumFinding finding)
    {
        finding = ChecksumFinding.None;
        bool isAuto = policy == ChecksumPolicy.Auto;
        if (policy == ChecksumPolicy.Never || (isAuto && offload.IsChecksumTrusted))
            return true;

        ReadOnlySpan<byte> bytes = packet.Payload;
        ulong pseudo = InternetChecksum.PseudoHeader(packet.Source, packet.Destination, packet.Protocol, bytes.Length);
        ChecksumFinding found = TransportChecksum.Examine(bytes, pseudo, TcpSegment.ChecksumOffset);
        if (!isAuto || !mayLack)
            return found is ChecksumFinding.None or ChecksumFinding.Finished;

        finding = found;
        return found != ChecksumFinding.Wrong;
    }

    /// <summary>
    /// False for a segment with an unfinished checksum in a flow whose sender finishes them: it was changed on its
    /// way, and its own checksum happened to look unfinished.
    /// </summary>
    public bool IsTrusted(FlowEntry flow, in IpPacket packet, in TcpSegment seg) =>
        seg.Checksum != ChecksumFinding.Unfinished || flow.Checksums.Allows(WriterOf(packet, seg));

    /// <summary>
    /// Remembers a finished checksum, if the segment was the next one of its flow: a forged one must not make a sender
    /// look as if it finished them.
    /// </summary>
    /// <param name="connection">The connection, which has taken the segment.</param>
    /// <param name="packet">The packet of the segment.</param>
    /// <param name="seg">The segment.</param>
    /// <param name="receiveNext">RCV.NXT before the segment.</param>
    public void Learn(StackConnection connection, in IpPacket packet, in TcpSegment seg, SeqNumber receiveNext)
    {
        if (seg.Checksum == ChecksumFinding.Finished && connection.Tcb.ReceiveNext != receiveNext)
            connection.Checksums = connection.Checksums.WithFinished(WriterOf(packet, seg));
    }

    private ChecksumWriter WriterOf(in IpPacket packet, in TcpSegment seg)
    {
        if (link.IsMerged(packet.TotalLength))
            return ChecksumWriter.Offload;

        return seg.Length == 0 || seg.Has(TcpFlags.Rst) ? ChecksumWriter.Reply : ChecksumWriter.Socket;
    }
}
