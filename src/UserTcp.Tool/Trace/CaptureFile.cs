using System.Buffers.Binary;

namespace UserTcp.Tool.Trace;

/// <summary>Reads captures: pcapng, and the classic pcap with micro- or nanoseconds, in either byte order.</summary>
internal static class CaptureFile
{
    private const int MaxBlockBytes = 64 << 20;

    /// <summary>The frames of a file, in its order. A file that ends in the middle of a frame ends there.</summary>
    /// <exception cref="ToolException">It is no capture, or broken.</exception>
    public static IEnumerable<CapturedFrame> Read(Stream stream)
    {
        byte[] magic = new byte[sizeof(uint)];
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length)
            throw NoCapture();

        return BinaryPrimitives.ReadUInt32LittleEndian(magic) switch
        {
            PcapngReader.SectionHeader => new PcapngReader(stream).Read(),
            0xA1B2C3D4 => ReadClassic(stream, isBig: false, nanosecondsPerTick: 1000),
            0xA1B23C4D => ReadClassic(stream, isBig: false, nanosecondsPerTick: 1),
            0xD4C3B2A1 => ReadClassic(stream, isBig: true, nanosecondsPerTick: 1000),
            0x4D3CB2A1 => ReadClassic(stream, isBig: true, nanosecondsPerTick: 1),
            _ => throw NoCapture(),
        };
    }

    /// <summary>Fills the buffer; false if the file ends before.</summary>
    internal static bool TryFill(Stream stream, Span<byte> buffer) =>
        stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) == buffer.Length;

    internal static uint Number(ReadOnlySpan<byte> bytes, bool isBig) => isBig
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    internal static ushort Short(ReadOnlySpan<byte> bytes, bool isBig) => isBig
        ? BinaryPrimitives.ReadUInt16BigEndian(bytes)
        : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    /// <exception cref="ToolException">No block is so long.</exception>
    internal static int Length(uint length) => length <= MaxBlockBytes
        ? (int)length
        : throw new ToolException(Failure.Read, $"The capture is broken: it has a block of {length} bytes.");

    private static ToolException NoCapture() =>
        new(Failure.Read, "This is no capture: neither pcapng nor pcap.");

    private static IEnumerable<CapturedFrame> ReadClassic(Stream stream, bool isBig, int nanosecondsPerTick)
    {
        byte[] header = new byte[20];
        if (!TryFill(stream, header))
            yield break;

        // The upper bits of the link type tell of a frame check sequence.
        var link = (LinkType)(Number(header.AsSpan(16), isBig) & 0x0FFF_FFFF);
        byte[] record = new byte[16];
        while (TryFill(stream, record))
        {
            byte[] bytes = new byte[Length(Number(record.AsSpan(8), isBig))];
            if (!TryFill(stream, bytes))
                yield break;

            long time = Number(record, isBig) * 1_000_000_000L
                + Number(record.AsSpan(4), isBig) * (long)nanosecondsPerTick;
            yield return new CapturedFrame(time, link, bytes);
        }
    }
}
