using System.Buffers.Binary;
using System.Text;

namespace UserTcp.Tests.Links;

/// <summary>A small reader of pcapng, written from the format's draft and not from the writer.</summary>
internal sealed class PcapngFile
{
    public PcapngFile(byte[] file)
    {
        ReadOnlySpan<byte> rest = file;
        Assert.Equal(0x0a0d0d0au, U32(rest));
        Assert.Equal(0x1a2b3c4du, U32(rest[8..]));
        while (!rest.IsEmpty)
        {
            int length = (int)U32(rest[4..]);
            Assert.Equal(0, length % 4);
            Assert.InRange(length, 12, rest.Length);
            Assert.Equal((uint)length, U32(rest[(length - 4)..])); // the length stands at both ends
            Read(U32(rest), rest[8..(length - 4)]);
            rest = rest[length..];
        }
    }

    public int LinkType { get; private set; }

    public int SnapLength { get; private set; }

    public string? InterfaceName { get; private set; }

    public List<string> Interfaces { get; } = [];

    public int TimeResolution { get; private set; } = 6;

    public string? Application { get; private set; }

    public List<Packet> Packets { get; } = [];

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    private static int U16(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static Dictionary<int, byte[]> Options(ReadOnlySpan<byte> bytes)
    {
        var options = new Dictionary<int, byte[]>();
        while (U16(bytes) != 0)
        {
            int length = U16(bytes[2..]);
            options.Add(U16(bytes), bytes.Slice(4, length).ToArray());
            bytes = bytes[(4 + ((length + 3) & ~3))..];
        }

        Assert.Equal(4, bytes.Length); // nothing behind the end of the options
        return options;
    }

    private void Read(uint type, ReadOnlySpan<byte> body)
    {
        switch (type)
        {
            case 0x0a0d0d0a:
                Assert.Equal(1, U16(body[4..]));
                Assert.Equal(0, U16(body[6..]));
                Application = Encoding.UTF8.GetString(Options(body[16..])[4]);
                break;
            case 1:
                Dictionary<int, byte[]> options = Options(body[8..]);
                LinkType = U16(body);
                SnapLength = (int)U32(body[4..]);
                InterfaceName = Encoding.UTF8.GetString(options[2]);
                Interfaces.Add(InterfaceName);
                TimeResolution = options[9].Single();
                break;
            case 6:
                ReadPacket(body);
                break;
            default:
                Assert.Fail($"Unknown block type {type}.");
                break;
        }
    }

    private void ReadPacket(ReadOnlySpan<byte> body)
    {
        int captured = (int)U32(body[12..]);
        Dictionary<int, byte[]> options = Options(body[(20 + ((captured + 3) & ~3))..]);
        Packets.Add(new Packet(
            ((long)U32(body[4..]) << 32) | U32(body[8..]),
            (int)U32(body[16..]),
            (int)U32(options[2]) & 3,
            body.Slice(20, captured).ToArray())
        {
            Interface = (int)U32(body),
            Comment = options.TryGetValue(1, out byte[]? comment) ? Encoding.UTF8.GetString(comment) : null,
        });
        Assert.InRange((int)U32(body), 0, Interfaces.Count - 1);
    }

    internal sealed record Packet(long Stamp, int Length, int Direction, byte[] Bytes)
    {
        public int Interface { get; init; }

        public string? Comment { get; init; }
    }
}
