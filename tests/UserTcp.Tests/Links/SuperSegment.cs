using System.Buffers.Binary;
using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>
/// A TCP over IPv4 super-segment, and how it is cut: written a second time, byte by byte and field by field, to compare
/// the product with.
/// </summary>
internal sealed record SuperSegment
{
    public int Payload { get; init; } = 4000;

    public int SegmentSize { get; init; } = 1460;

    public int IpOptions { get; init; }

    public int TcpOptions { get; init; } = 12;

    public ushort IpId { get; init; } = 0xfffe; // wraps

    public uint Seq { get; init; } = 0xffff_ff00; // wraps

    public byte Flags { get; init; } = 0x10;

    public ushort UrgentPointer { get; init; }

    public bool HasLinkHeader { get; init; } = true;

    private int Ip => HasLinkHeader ? 14 : 0;

    private int Tcp => Ip + 20 + IpOptions;

    public int HeaderLength => Tcp + 20 + TcpOptions;

    public FrameOffload Offload => new()
    {
        Flags = FrameOffloadFlags.NeedsChecksum,
        Segmentation = SegmentationOffload.TcpV4,
        HeaderLength = (ushort)HeaderLength,
        SegmentSize = (ushort)SegmentSize,
        ChecksumStart = (ushort)Tcp,
        ChecksumOffset = 16,
    };

    /// <summary>
    /// The frame as a stack hands it down: IP header finished, TCP checksum the sum of the pseudo-header.
    /// </summary>
    public byte[] ToBytes() => Build(0, Payload, IpId, Flags, finish: false);

    /// <summary>The frames that have to come out.</summary>
    /// <param name="finish">Whether TCP checksums are finished, or sums of pseudo-headers.</param>
    public List<byte[]> Cut(bool finish = true)
    {
        var pieces = new List<byte[]>();
        for (int start = 0; start == 0 || start < Payload; start += SegmentSize)
        {
            int length = Math.Min(SegmentSize, Payload - start);
            byte flags = Flags;
            if (start > 0)
                flags = (byte)(flags & 0x7f);      // CWR
            if (start + length < Payload)
                flags = (byte)(flags & ~0x09);     // PSH, FIN
            pieces.Add(Build(start, length, (ushort)(IpId + pieces.Count), flags, finish));
        }

        return pieces;
    }

    /// <summary>The same frame in the list, its payload in up to two pieces.</summary>
    public FrameList AddTo(FrameList list, int split = 0, bool inOnePiece = false)
    {
        byte[] all = ToBytes();
        return inOnePiece
            ? list.Add(all, offload: Offload)
            : list.Add(
                all[..HeaderLength], all[HeaderLength..(HeaderLength + split)], all[(HeaderLength + split)..], Offload);
    }

    private byte[] Build(int start, int length, ushort id, byte flags, bool finish)
    {
        var frame = new byte[HeaderLength + length];
        if (HasLinkHeader)
            ((byte[])[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0]).CopyTo(frame, 0);
        for (int i = 0; i < length; i++)
            frame[HeaderLength + i] = (byte)((start + i) * 7 >> 3);

        WriteIp(frame.AsSpan(Ip), HeaderLength - Ip + length, id);
        WriteTcp(frame.AsSpan(Tcp), (uint)start, flags);
        int field = finish
            ? ~Sum(frame.AsSpan(Tcp), PseudoSum(frame, length)) & 0xffff
            : PseudoSum(frame, length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(Tcp + 16), (ushort)field);
        return frame;
    }

    private void WriteIp(Span<byte> ip, int totalLength, ushort id)
    {
        ip[0] = (byte)(0x40 | (20 + IpOptions) / 4);
        ip[1] = 2;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)totalLength);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], id);
        ip[6] = 0x40;
        ip[8] = 64;
        ip[9] = 6;
        ((byte[])[10, 1, 2, 3, 192, 168, 200, 250]).CopyTo(ip[12..]);
        ip.Slice(20, IpOptions).Fill(1);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], (ushort)~Sum(ip[..(20 + IpOptions)], 0));
    }

    private void WriteTcp(Span<byte> tcp, uint offset, byte flags)
    {
        BinaryPrimitives.WriteUInt16BigEndian(tcp, 40_000);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[2..], 80);
        BinaryPrimitives.WriteUInt32BigEndian(tcp[4..], unchecked(Seq + offset));
        BinaryPrimitives.WriteUInt32BigEndian(tcp[8..], 0x01020304);
        tcp[12] = (byte)((20 + TcpOptions) / 4 << 4);
        int urgent = (flags & 0x20) == 0 ? 0 : Math.Max(0, UrgentPointer - (int)offset);
        tcp[13] = (byte)(urgent == 0 ? flags & ~0x20 : flags);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[14..], 512);
        BinaryPrimitives.WriteUInt16BigEndian(tcp[18..], (ushort)urgent);
        tcp.Slice(20, TcpOptions).Fill(1);
    }

    private int PseudoSum(byte[] frame, int length) =>
        Sum(frame.AsSpan(Ip + 12, 8), 6 + 20 + TcpOptions + length);

    private static int Sum(ReadOnlySpan<byte> bytes, int sum)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += (i & 1) == 0 ? bytes[i] << 8 : bytes[i];
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (sum & 0xffff) + (sum >> 16);
    }
}
