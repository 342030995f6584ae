using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>Which checksums are taken: right ones, those that the device vouches for, and unfinished ones of senders
/// that finish none.</content>
internal sealed partial class StackCore
{
    private bool MayLackChecksums => (Config.Link.Features & LinkFeatures.ReceiveMayLackChecksum) != 0;

    /// <summary>
    /// RFC 9293 §3.1 (MUST-3), unless the device vouches for the segment. On a link that carries segments of this
    /// machine, an unfinished one is good so far: its flow decides (<see cref="IsTrusted"/>).
    /// </summary>
    private bool IsChecksumGood(
        in Ipv4Header packet, FrameOffload offload, bool mayLack, out ChecksumFinding finding)
    {
        finding = ChecksumFinding.None;
        bool isAuto = Config.Checksums == ChecksumPolicy.Auto;
        if (Config.Checksums == ChecksumPolicy.Never || (isAuto && offload.IsChecksumTrusted))
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
    private bool IsTrusted(FlowEntry flow, in Ipv4Header packet, in TcpSegment seg)
    {
        if (seg.Checksum != ChecksumFinding.Unfinished || flow.Checksums.Allows(WriterOf(packet, seg)))
            return true;

        Counters.ErrorsReceived++;
        Drop(PacketDropReason.UnfinishedChecksum);
        return false;
    }

    /// <summary>
    /// Remembers a finished checksum, if the segment was the next one of its flow: a forged one must not make a sender
    /// look as if it finished them.
    /// </summary>
    private void Learn(StackConnection connection, in Ipv4Header packet, in TcpSegment seg, SeqNumber receiveNext)
    {
        if (seg.Checksum == ChecksumFinding.Finished && connection.Tcb.ReceiveNext != receiveNext)
            connection.Checksums = connection.Checksums.WithFinished(WriterOf(packet, seg));
    }

    /// <summary>The history that begins with a SYN, or with the answer to a SYN cookie; both are a socket's.</summary>
    private static ChecksumHistory HistoryFrom(in TcpSegment first) =>
        first.Checksum == ChecksumFinding.Finished
            ? default(ChecksumHistory).WithFinished(ChecksumWriter.Socket)
            : default;

    private ChecksumWriter WriterOf(in Ipv4Header packet, in TcpSegment seg)
    {
        bool isMerged = (Config.Link.Features & LinkFeatures.ReceiveCoalesces) != 0
            && packet.TotalLength > Math.Max(_mtu, Config.Link.Mtu);
        if (isMerged)
            return ChecksumWriter.Offload;

        return seg.Length == 0 || seg.Has(TcpFlags.Rst) ? ChecksumWriter.Reply : ChecksumWriter.Socket;
    }

    /// <summary>A SYN begins a new sender: a forged one before it must not keep it out.</summary>
    private static bool IsNewSender(in TcpSegment seg) =>
        (seg.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.Syn;
}
