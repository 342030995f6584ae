using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>Writes TCP headers (RFC 9293 §3.1).</summary>
internal static class TcpSegmentWriter
{
    /// <summary>
    /// Writes a header with its options, the checksum zero: text may still follow
    /// (<see cref="WriteChecksum(Span{byte}, HostAddress, HostAddress, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>).
    /// The destination has room for 20 bytes and <see cref="TcpOptions.EncodedLength"/>.
    /// </summary>
    /// <returns>The length of the header, a multiple of four.</returns>
    public static int WriteHeader(
        Span<byte> destination, ushort sourcePort, ushort destinationPort, SeqNumber seq, SeqNumber ack, TcpFlags flags,
        WireWindow window, ushort urgent, in TcpOptions options)
    {
        int length = TcpSegment.HeaderSize + options.Write(destination[TcpSegment.HeaderSize..]);
        Span<byte> header = destination[..length];
        BinaryPrimitives.WriteUInt16BigEndian(header, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], destinationPort);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], seq.Value);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], ack.Value);
        header[12] = (byte)(length / 4 << 4);
        header[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], window.Value);
        BinaryPrimitives.WriteUInt16BigEndian(header[TcpSegment.ChecksumOffset..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(header[18..], urgent);
        return length;
    }

    /// <summary>
    /// Computes and stores the checksum (RFC 9293 §3.1, MUST-2) of a header whose checksum field is zero and of at most
    /// two pieces of text, wherever they lie.
    /// </summary>
    public static void WriteChecksum(
        Span<byte> header, HostAddress source, HostAddress destination, ReadOnlySpan<byte> text1 = default,
        ReadOnlySpan<byte> text2 = default)
    {
        int length = header.Length + text1.Length + text2.Length;
        ulong sum = InternetChecksum.PseudoHeader(source, destination, IpProtocol.Tcp, length);
        sum = InternetChecksum.Sum(text1, InternetChecksum.Sum(header, sum));
        sum = int.IsOddInteger(text1.Length)
            ? InternetChecksum.SumAtOddOffset(text2, sum)
            : InternetChecksum.Sum(text2, sum);
        BinaryPrimitives.WriteUInt16BigEndian(header[TcpSegment.ChecksumOffset..], InternetChecksum.Complete(sum));
    }

    /// <summary>
    /// Stores the sum of the pseudo-header only, not complemented: what a device that finishes checksums starts from
    /// (<c>VIRTIO_NET_HDR_F_NEEDS_CSUM</c>).
    /// </summary>
    public static void WritePartialChecksum(
        Span<byte> header, HostAddress source, HostAddress destination, int segmentLength)
    {
        ulong sum = InternetChecksum.PseudoHeader(source, destination, IpProtocol.Tcp, segmentLength);
        BinaryPrimitives.WriteUInt16BigEndian(header[TcpSegment.ChecksumOffset..], InternetChecksum.Fold(sum));
    }
}
