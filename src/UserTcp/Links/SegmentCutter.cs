using System.Buffers.Binary;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Links;

/// <summary>How a TCP over IPv4 super-segment falls into segments. Knows headers and lengths, holds no bytes.</summary>
internal readonly record struct SegmentCutter
{
    private const byte FirstOnly = (byte)TcpFlags.Cwr;                 // RFC 3168 §6.1.2: one signal, one segment
    private const byte LastOnly = (byte)(TcpFlags.Fin | TcpFlags.Psh); // they belong to the last octet
    private const int FlagsOffset = 13;
    private const int UrgentPointerOffset = 18;

    private int IpOffset { get; init; }

    private int TcpOffset { get; init; }

    private int PayloadLength { get; init; }

    private int SegmentSize { get; init; }

    /// <summary>The length of the headers, which every segment repeats.</summary>
    public int HeaderLength { get; private init; }

    /// <summary>The number of segments.</summary>
    public int Count { get; private init; }

    /// <summary>The offload that remains for each segment.</summary>
    public FrameOffload Offload => new()
    {
        Flags = FrameOffloadFlags.NeedsChecksum,
        ChecksumStart = (ushort)TcpOffset,
        ChecksumOffset = TcpSegment.ChecksumOffset,
    };

    /// <summary>False if the frame is not one that can be cut.</summary>
    /// <param name="headers">At least all headers of the frame.</param>
    /// <param name="frameLength">The length of the whole frame.</param>
    /// <param name="segmentSize">The text of each segment but the last.</param>
    /// <param name="linkHeaderLength">0 or 14.</param>
    /// <param name="cutter">How it is cut.</param>
    public static bool TryPlan(
        ReadOnlySpan<byte> headers, int frameLength, int segmentSize, int linkHeaderLength, out SegmentCutter cutter)
    {
        cutter = default;
        if (segmentSize == 0 || headers.Length < linkHeaderLength + Ipv4Header.Size)
            return false;

        ReadOnlySpan<byte> ip = headers[linkHeaderLength..];
        int ipLength = (ip[0] & 15) * 4;
        int tcp = linkHeaderLength + ipLength;
        if (ip[0] >> 4 != 4 || ipLength < Ipv4Header.Size || ip[9] != (byte)IpProtocol.Tcp
            || headers.Length < tcp + TcpSegment.HeaderSize)
            return false;

        int tcpLength = (headers[tcp + 12] >> 4) * 4;
        int headerLength = tcp + tcpLength;
        if (tcpLength < TcpSegment.HeaderSize || headers.Length < headerLength)
            return false;

        int payload = frameLength - headerLength;
        cutter = new SegmentCutter
        {
            IpOffset = linkHeaderLength,
            TcpOffset = tcp,
            HeaderLength = headerLength,
            PayloadLength = payload,
            SegmentSize = segmentSize,
            Count = Math.Max(1, (payload + segmentSize - 1) / segmentSize),
        };
        return true;
    }

    /// <summary>Where a segment's text begins in the payload.</summary>
    public int TextStart(int segment) => segment * SegmentSize;

    /// <summary>The length of a segment's text.</summary>
    public int TextLength(int segment) => Math.Min(SegmentSize, PayloadLength - TextStart(segment));

    /// <summary>
    /// Writes a segment's headers from those of the super-segment; the TCP checksum field is left with the sum of the
    /// pseudo-header (<see cref="Offload"/>).
    /// </summary>
    public void WriteHeaders(ReadOnlySpan<byte> source, int segment, Span<byte> destination)
    {
        source[..HeaderLength].CopyTo(destination);
        WriteIpHeader(destination[IpOffset..TcpOffset], segment);
        WriteTcpHeader(destination[TcpOffset..HeaderLength], segment);
        WritePartialSum(destination, HeaderLength - TcpOffset + TextLength(segment));
    }

    private void WriteIpHeader(Span<byte> ip, int segment)
    {
        int id = BinaryPrimitives.ReadUInt16BigEndian(ip[4..]) + segment;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(HeaderLength - IpOffset + TextLength(segment)));
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)id);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Complete(InternetChecksum.Sum(ip)));
    }

    private void WriteTcpHeader(Span<byte> tcp, int segment)
    {
        uint seq = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]) + (uint)TextStart(segment);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], seq);
        if (segment > 0)
            tcp[FlagsOffset] &= unchecked((byte)~FirstOnly);
        if (segment < Count - 1)
            tcp[FlagsOffset] &= unchecked((byte)~LastOnly);
        if ((tcp[FlagsOffset] & (byte)TcpFlags.Urg) != 0)
            MoveUrgentPointer(tcp, TextStart(segment));
    }

    // RFC 9293 §3.8.5: the pointer counts from the segment's own number, and ends with the urgent text.
    private static void MoveUrgentPointer(Span<byte> tcp, int textStart)
    {
        int ahead = BinaryPrimitives.ReadUInt16BigEndian(tcp[UrgentPointerOffset..]) - textStart;
        BinaryPrimitives.WriteUInt16BigEndian(tcp[UrgentPointerOffset..], (ushort)Math.Max(0, ahead));
        if (ahead <= 0)
            tcp[FlagsOffset] &= unchecked((byte)~TcpFlags.Urg);
    }

    private void WritePartialSum(Span<byte> frame, int tcpLength)
    {
        HostAddress source = HostAddress.ReadV4(frame[(IpOffset + 12)..]);
        HostAddress destination = HostAddress.ReadV4(frame[(IpOffset + 16)..]);
        TcpSegmentWriter.WritePartialChecksum(frame[TcpOffset..HeaderLength], source, destination, tcpLength);
    }
}
