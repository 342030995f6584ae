using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>The segment from its bytes (RFC 9293 §3.1).</summary>
internal readonly ref partial struct TcpSegment
{
    /// <summary>The header without options.</summary>
    public const int HeaderSize = IpFamily.TcpHeaderBytes;

    /// <summary>The longest header, with options: a data offset of 15 words.</summary>
    public const int MaxHeaderSize = HeaderSize + TcpOptions.MaxBytes;

    /// <summary>Where the checksum lies in the header.</summary>
    public const int ChecksumOffset = 16;

    /// <summary>
    /// Takes a segment apart. False if it is shorter than a header, or its data offset is below five words or beyond
    /// its end. The checksum is a step before this one (<see cref="InternetChecksum.IsTransportValid"/>). Options are
    /// read whatever the flags (RFC 9293 §3.1, MUST-5); reserved bits are ignored, and so are broken options, but for
    /// <see cref="HasBrokenOptions"/>.
    /// </summary>
    /// <param name="bytes">The segment, without link padding.</param>
    /// <param name="segment">The segment; its text stays in <paramref name="bytes"/>.</param>
    /// <param name="coalescedSegmentSize">See <see cref="CoalescedSegmentSize"/>.</param>
    /// <param name="ecn">See <see cref="Ecn"/>.</param>
    /// <param name="checksum">See <see cref="Checksum"/>.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> bytes, out TcpSegment segment, int coalescedSegmentSize = 0,
        EcnCodepoint ecn = EcnCodepoint.NotEct, ChecksumFinding checksum = ChecksumFinding.None)
    {
        segment = default;
        if (bytes.Length < HeaderSize)
            return false;

        int dataOffset = (bytes[12] >> 4) * 4;
        if (dataOffset < HeaderSize || dataOffset > bytes.Length)
            return false;

        bool whole = TcpOptions.TryParse(bytes[HeaderSize..dataOffset], out TcpOptions options);
        segment = new TcpSegment
        {
            SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes),
            DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            Seq = new SeqNumber(BinaryPrimitives.ReadUInt32BigEndian(bytes[4..])),
            Ack = new SeqNumber(BinaryPrimitives.ReadUInt32BigEndian(bytes[8..])),
            Flags = (TcpFlags)bytes[13],
            Window = new WireWindow(BinaryPrimitives.ReadUInt16BigEndian(bytes[14..])),
            UrgentPointer = BinaryPrimitives.ReadUInt16BigEndian(bytes[18..]),
            Options = options,
            HasBrokenOptions = !whole,
            Text = bytes[dataOffset..],
            CoalescedSegmentSize = coalescedSegmentSize,
            Ecn = ecn,
            Checksum = checksum,
        };
        return true;
    }
}
