using System.Buffers.Binary;

namespace UserTcp.Tool.Tests.Trace;

/// <summary>Captures and frames by hand, in either byte order.</summary>
internal sealed class CaptureBytes(bool isBig)
{
    private readonly MemoryStream _bytes = new();

    /// <summary>Ethernet and IPv4 with a segment of TCP from 10.0.0.1:1000 to 10.0.0.2:80, or back.</summary>
    public static byte[] Frame(
        uint seq, uint ack, byte flags, int length, bool isBack = false, byte[]? options = null)
    {
        byte[] tcp = Segment(1000, seq, ack, flags, length, isBack, options);
        byte[] frame = new byte[14 + 20 + tcp.Length];
        frame[12] = 0x08;
        Span<byte> ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + tcp.Length));
        ip[9] = 6;
        ip[12] = ip[16] = 10;
        (ip[15], ip[19]) = isBack ? ((byte)2, (byte)1) : ((byte)1, (byte)2);
        tcp.CopyTo(ip[20..]);
        return frame;
    }

    /// <summary>A segment of TCP from a port to port 80, or back.</summary>
    public static byte[] Segment(
        ushort port, uint seq, uint ack, byte flags, int length, bool isBack = false, byte[]? options = null)
    {
        options ??= [];
        int header = 20 + options.Length;
        byte[] segment = new byte[header + length];
        BinaryPrimitives.WriteUInt16BigEndian(segment, isBack ? (ushort)80 : port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), isBack ? port : (ushort)80);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), seq);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), ack);
        segment[12] = (byte)(header / 4 << 4);
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 1000);
        options.CopyTo(segment.AsSpan(20));
        return segment;
    }

    public CaptureBytes Classic(uint magic, uint link, ushort minor = 4) =>
        U32(magic).U16(2).U16(minor).U32(0).U32(0).U32(65535).U32(link);

    public CaptureBytes Record(uint seconds, uint fraction, byte[] frame) => Record(
        seconds, fraction, (uint)frame.Length, (uint)frame.Length, frame);

    /// <summary>A record with two lengths that may differ, and octets that may be more than the frame.</summary>
    public CaptureBytes Record(uint seconds, uint fraction, uint first, uint second, byte[] rest) =>
        U32(seconds).U32(fraction).U32(first).U32(second).Raw(rest);

    public CaptureBytes Section() => U32(0x0A0D0D0A).U32(28).U32(0x1A2B3C4D).U16(1).U16(0).U32(~0u).U32(~0u).U32(28);

    public CaptureBytes Interface(ushort link, byte? resolution = null, long? offset = null, uint snapLength = 0)
    {
        uint length = 20u + (resolution is null ? 0u : 8u) + (offset is null ? 0u : 12u);
        U32(1).U32(length).U16(link).U16(0).U32(snapLength);
        if (offset is { } seconds)
            U16(14).U16(8).Raw(Ordered(BitConverter.GetBytes(seconds)));
        if (resolution is { } value)
            U16(9).U16(1).Raw([value, 0, 0, 0]);
        return U32(length);
    }

    /// <summary>A packet block without a time, of an original length and with what was kept.</summary>
    public CaptureBytes Simple(int original, byte[] kept)
    {
        int padded = kept.Length + 3 & ~3;
        uint total = (uint)(16 + padded);
        return U32(3).U32(total).U32((uint)original).Raw(kept).Raw(new byte[padded - kept.Length]).U32(total);
    }

    public CaptureBytes Packet(uint on, ulong ticks, byte[] frame)
    {
        int padded = frame.Length + 3 & ~3;
        uint total = (uint)(32 + padded);
        return U32(6).U32(total).U32(on).U32((uint)(ticks >> 32)).U32((uint)ticks).U32((uint)frame.Length)
            .U32((uint)frame.Length).Raw(frame).Raw(new byte[padded - frame.Length]).U32(total);
    }

    public CaptureBytes Unknown() => U32(0x0BAD).U32(16).U32(7).U32(16);

    public CaptureBytes Raw(byte[] bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public byte[] ToArray() => _bytes.ToArray();

    private CaptureBytes U16(ushort value) => Raw(Ordered(BitConverter.GetBytes(value)));

    private CaptureBytes U32(uint value) => Raw(Ordered(BitConverter.GetBytes(value)));

    private byte[] Ordered(byte[] bytes)
    {
        if (BitConverter.IsLittleEndian == isBig)
            Array.Reverse(bytes);
        return bytes;
    }
}
