using System.Buffers.Binary;
using System.Text;

namespace UserTcp.Links;

/// <summary>
/// Writes the pcapng format (draft-ietf-opsawg-pcapng): one section, one interface with nanosecond stamps, packets with
/// their direction. Little-endian on every machine. Blocks are gathered in one buffer; not thread-safe.
/// </summary>
internal sealed class PcapngWriter(Stream stream)
{
    private const uint SectionBlock = 0x0a0d0d0a;
    private const uint InterfaceBlock = 1;
    private const uint PacketBlock = 6;
    private const ushort EndOfOptions = 0;
    private const ushort InterfaceName = 2;
    private const ushort TimeResolution = 9;
    private const ushort PacketFlags = 2;
    private const ushort UserApplication = 4;
    private const byte Nanoseconds = 9; // ten to the minus nine seconds
    private const int PacketHeaderBytes = 28;
    private const int PacketTrailerBytes = 16; // flags option, end of options, block length
    private const int BufferBytes = 256 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _used;

    /// <summary>The size of all blocks so far, in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>What a packet of so many captured bytes adds, in bytes.</summary>
    public static int PacketBlockBytes(int captured) => PacketHeaderBytes + Padded(captured) + PacketTrailerBytes;

    /// <summary>Begins the file.</summary>
    /// <param name="linkType">1 for Ethernet, 101 for bare IP (LINKTYPE_ values of the tcpdump group).</param>
    /// <param name="interfaceName">The link's name.</param>
    /// <param name="maxFrameBytes">The most that is kept of a frame.</param>
    public void WriteHead(ushort linkType, string interfaceName, int maxFrameBytes)
    {
        Span<byte> section = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
        WriteBlock(SectionBlock, section, UserApplication, "UserTcp"u8);

        Span<byte> description = stackalloc byte[8 + 8];
        BinaryPrimitives.WriteUInt16LittleEndian(description, linkType);
        BinaryPrimitives.WriteInt32LittleEndian(description[4..], maxFrameBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(description[8..], TimeResolution);
        BinaryPrimitives.WriteUInt16LittleEndian(description[10..], 1);
        description[12] = Nanoseconds;
        WriteBlock(InterfaceBlock, description, InterfaceName, Encoding.UTF8.GetBytes(interfaceName));
    }

    /// <summary>
    /// Room for a frame of this length, at most 65,550 bytes, in the packet that <see cref="EndPacket"/> writes.
    /// </summary>
    public Span<byte> BeginPacket(int length)
    {
        if (_used + PacketBlockBytes(length) > BufferBytes)
            FlushBuffer();
        return _buffer.AsSpan(_used + PacketHeaderBytes, length);
    }

    /// <summary>Writes a packet whose bytes have been put where <see cref="BeginPacket"/> said.</summary>
    /// <param name="captured">How many of the bytes are kept.</param>
    /// <param name="length">The true length of the frame.</param>
    /// <param name="stamp">Nanoseconds since 1970.</param>
    /// <param name="direction">1 inbound, 2 outbound.</param>
    public void EndPacket(int captured, int length, long stamp, uint direction)
    {
        int total = PacketBlockBytes(captured);
        Span<byte> block = _buffer.AsSpan(_used, total);
        BinaryPrimitives.WriteUInt32LittleEndian(block, PacketBlock);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], total);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], 0); // the only interface
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], (uint)(stamp >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(block[16..], (uint)stamp);
        BinaryPrimitives.WriteInt32LittleEndian(block[20..], captured);
        BinaryPrimitives.WriteInt32LittleEndian(block[24..], length);
        block[(PacketHeaderBytes + captured)..^PacketTrailerBytes].Clear();

        Span<byte> trailer = block[^PacketTrailerBytes..];
        BinaryPrimitives.WriteUInt16LittleEndian(trailer, PacketFlags);
        BinaryPrimitives.WriteUInt16LittleEndian(trailer[2..], sizeof(uint));
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], direction);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[8..], EndOfOptions);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[12..], total);
        Advance(total);
    }

    /// <summary>Hands everything to the stream, and tells the stream to do the same.</summary>
    public void Flush()
    {
        FlushBuffer();
        stream.Flush();
    }

    private static int Padded(int length) => (length + 3) & ~3;

    private void WriteBlock(uint type, ReadOnlySpan<byte> body, ushort option, ReadOnlySpan<byte> value)
    {
        int total = 8 + body.Length + 4 + Padded(value.Length) + 4 + 4;
        Span<byte> block = _buffer.AsSpan(_used, total);
        block.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(block, type);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], total);
        body.CopyTo(block[8..]);
        Span<byte> options = block[(8 + body.Length)..];
        BinaryPrimitives.WriteUInt16LittleEndian(options, option);
        BinaryPrimitives.WriteUInt16LittleEndian(options[2..], (ushort)value.Length);
        value.CopyTo(options[4..]);
        BinaryPrimitives.WriteInt32LittleEndian(block[^4..], total);
        Advance(total);
    }

    private void Advance(int bytes)
    {
        _used += bytes;
        Length += bytes;
    }

    private void FlushBuffer()
    {
        int used = _used;
        _used = 0; // also if the stream fails: the rest of a broken file is of no use
        stream.Write(_buffer, 0, used);
    }
}
