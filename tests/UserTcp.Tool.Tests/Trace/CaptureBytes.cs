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
        options ??= [];
        int tcp = 20 + options.Length;
        byte[] frame = new byte[14 + 20 + tcp + length];
        frame[12] = 0x08;
        Span<byte> ip = frame.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(20 + tcp + length));
        ip[9] = 6;
        ip[12] = ip[16] = 10;
        (ip[15], ip[19]) = isBack ? ((byte)2, (byte)1) : ((byte)1, (byte)2);
        Span<byte> segment = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)(isBack ? 80 : 1000));
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], (ushort)(isBack ? 1000 : 80));
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], seq);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], ack);
        segment[12] = (byte)(tcp / 4 << 4);
        segment[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], 1000);
        options.CopyTo(segment[20..]);
        return frame;
    }

    public CaptureBytes Classic(uint magic, uint link) => U32(magic).U16(2).U16(4).U32(0).U32(0).U32(65535).U32(link);

    public CaptureBytes Record(uint seconds, uint fraction, byte[] frame) =>
        U32(seconds).U32(fraction).U32((uint)frame.Length).U32((uint)frame.Length).Raw(frame);

    public CaptureBytes Section() => U32(0x0A0D0D0A).U32(28).U32(0x1A2B3C4D).U16(1).U16(0).U32(~0u).U32(~0u).U32(28);

    public CaptureBytes Interface(ushort link, byte? resolution = null) => resolution is null
        ? U32(1).U32(20).U16(link).U16(0).U32(0).U32(20)
        : U32(1).U32(28).U16(link).U16(0).U32(0).U16(9).U16(1).Raw([resolution.Value, 0, 0, 0]).U32(28);

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
