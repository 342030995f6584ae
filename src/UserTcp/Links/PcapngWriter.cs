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
    private const ushort LinkTypeEthernet = 1; // LINKTYPE_ values of the tcpdump group
    private const ushort LinkTypeRaw = 101;
    private const ushort EndOfOptions = 0;
    private const ushort Comment = 1;
    private const ushort InterfaceName = 2;
    private const ushort TimeResolution = 9;
    private const ushort PacketFlags = 2;
    private const ushort UserApplication = 4;
    private const byte Nanoseconds = 9; // ten to the minus nine seconds
    private const int PacketHeaderBytes = 28;
    private const int PacketTrailerBytes = 16; // flags option, end of options, block length
    private const int InterfaceBlockBytes = 64; // without the name
    private const int BufferBytes = 256 * 1024;

    private byte[] _buffer = new byte[BufferBytes]; // grows with the first block that is longer
    private int _used;

    /// <summary>The most that is kept of a frame, in bytes: Wireshark reads no file with more.</summary>
    public const int MaxCapturedBytes = 262_144;

    /// <summary>The size of all blocks so far, in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>The size of a packet block with so many captured bytes, in bytes.</summary>
    public static int PacketBlockBytes(int captured) => PacketHeaderBytes + Padded(captured) + PacketTrailerBytes;

    /// <summary>The size of a packet's comment, in bytes.</summary>
    public static int CommentBytes(ReadOnlySpan<byte> comment) => comment.IsEmpty ? 0 : 4 + Padded(comment.Length);

    /// <summary>Begins a file of one interface.</summary>
    /// <inheritdoc cref="WriteInterface" path="/param"/>
    public void WriteHead(LinkMedium medium, string interfaceName, int maxFrameBytes)
    {
        WriteSection();
        WriteInterface(medium, interfaceName, maxFrameBytes);
    }

    /// <summary>Begins the file.</summary>
    public void WriteSection()
    {
        Span<byte> section = [0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255];
        WriteBlock(SectionBlock, section, UserApplication, "UserTcp"u8);
    }

    /// <summary>Describes an interface; the first one is number 0.</summary>
    /// <param name="medium">The kind of packets that the link carries.</param>
    /// <param name="interfaceName">The link's name.</param>
    /// <param name="maxFrameBytes">The most that is kept of a frame.</param>
    public void WriteInterface(LinkMedium medium, string interfaceName, int maxFrameBytes)
    {
        byte[] name = Encoding.UTF8.GetBytes(interfaceName);
        if (_used + InterfaceBlockBytes + name.Length > _buffer.Length)
            FlushBuffer();
        Span<byte> description = stackalloc byte[8 + 8];
        BinaryPrimitives.WriteUInt16LittleEndian(
            description, medium == LinkMedium.Ethernet ? LinkTypeEthernet : LinkTypeRaw);
        BinaryPrimitives.WriteInt32LittleEndian(description[4..], maxFrameBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(description[8..], TimeResolution);
        BinaryPrimitives.WriteUInt16LittleEndian(description[10..], 1);
        description[12] = Nanoseconds;
        WriteBlock(InterfaceBlock, description, InterfaceName, name);
    }

    /// <summary>
    /// Room for a frame of this length in the packet that <see cref="EndPacket"/> writes.
    /// </summary>
    /// <param name="length">The length of the frame.</param>
    /// <param name="comment">The packet's comment.</param>
    public Span<byte> BeginPacket(int length, ReadOnlySpan<byte> comment = default)
    {
        int needed = PacketBlockBytes(length) + CommentBytes(comment);
        if (_used + needed > _buffer.Length)
            FlushBuffer();
        if (needed > _buffer.Length)
            _buffer = new byte[needed];
        return _buffer.AsSpan(_used + PacketHeaderBytes, length);
    }

    /// <summary>Writes a packet whose bytes have been put where <see cref="BeginPacket"/> said.</summary>
    /// <param name="captured">How many of the bytes are kept.</param>
    /// <param name="length">The true length of the frame.</param>
    /// <param name="stamp">Nanoseconds since 1970.</param>
    /// <param name="direction">1 inbound, 2 outbound.</param>
    /// <param name="interfaceNumber">The interface, in the order in which they were described.</param>
    /// <param name="comment">UTF-8 text about the packet; the one that <see cref="BeginPacket"/> was told.</param>
    public void EndPacket(
        int captured, int length, long stamp, uint direction, int interfaceNumber = 0,
        ReadOnlySpan<byte> comment = default)
    {
        int commentBytes = CommentBytes(comment);
        int total = PacketBlockBytes(captured) + commentBytes;
        Span<byte> block = _buffer.AsSpan(_used, total);
        BinaryPrimitives.WriteUInt32LittleEndian(block, PacketBlock);
        BinaryPrimitives.WriteInt32LittleEndian(block[4..], total);
        BinaryPrimitives.WriteInt32LittleEndian(block[8..], interfaceNumber);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], (uint)(stamp >> 32));
        BinaryPrimitives.WriteUInt32LittleEndian(block[16..], (uint)stamp);
        BinaryPrimitives.WriteInt32LittleEndian(block[20..], captured);
        BinaryPrimitives.WriteInt32LittleEndian(block[24..], length);
        block[(PacketHeaderBytes + captured)..^PacketTrailerBytes].Clear();
        if (commentBytes > 0)
            WriteOption(block[^(PacketTrailerBytes + commentBytes)..], Comment, comment);

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
        WriteOption(options, option, value);
        BinaryPrimitives.WriteInt32LittleEndian(block[^4..], total);
        Advance(total);
    }

    private static void WriteOption(Span<byte> block, ushort option, ReadOnlySpan<byte> value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(block, option);
        BinaryPrimitives.WriteUInt16LittleEndian(block[2..], (ushort)value.Length);
        value.CopyTo(block[4..]);
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
