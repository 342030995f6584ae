using System.Buffers.Binary;
using System.IO.Compression;

namespace UserTcp.Tool.Trace;

/// <summary>Reads captures: pcapng, and the classic pcap with micro- or nanoseconds, in either byte order.</summary>
internal static class CaptureFile
{
    private const int MaxBlockBytes = 64 << 20;
    private const int BufferBytes = 1 << 16;
    private const uint Microseconds = 0xA1B2C3D4, Nanoseconds = 0xA1B23C4D, Modified = 0xA1B2CD34;

    /// <summary>Opens a file, or the standard input for <c>-</c>; what gzip compressed is decompressed.</summary>
    /// <exception cref="ToolException">It cannot be opened.</exception>
    public static Stream Open(string name, Stream input)
    {
        if (name == "-")
            return new BufferedStream(input, BufferBytes);

        try
        {
            var file = new FileStream(name, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, BufferBytes);
            if (!file.CanSeek) // a named pipe
                return file;

            bool isCompressed = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            file.Position = 0;
            return isCompressed
                ? new BufferedStream(new GZipStream(file, CompressionMode.Decompress), BufferBytes) : file;
        }
        catch (Exception error) when (IsUnreadable(error))
        {
            throw new ToolException(Failure.Read, error.Message, error);
        }
    }

    /// <summary>Whether an exception says that a file, or the rest of it, cannot be read.</summary>
    public static bool IsUnreadable(Exception error) =>
        error is IOException or UnauthorizedAccessException or InvalidDataException or NotSupportedException;

    /// <summary>The frames of a file, in its order. A file that ends in the middle of a frame ends there.</summary>
    /// <exception cref="ToolException">It is no capture, or broken.</exception>
    public static IEnumerable<CapturedFrame> Read(Stream stream)
    {
        byte[] magic = new byte[sizeof(uint)];
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length)
            throw NoCapture();
        if (Number(magic, isBig: false) == PcapngReader.SectionHeader)
            return new PcapngReader(stream).Read();

        foreach (bool isBig in (bool[])[false, true])
        {
            if (Number(magic, isBig) is (Microseconds or Nanoseconds or Modified) and uint kind)
                return ReadClassic(stream, isBig, kind);
        }

        throw NoCapture();
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

    /// <summary>The length of a frame by the file's word, which is no less than what was kept.</summary>
    internal static int WireLength(uint whole, int kept) => (int)Math.Min(Math.Max(whole, (uint)kept), int.MaxValue);

    private static ToolException NoCapture() =>
        new(Failure.Read, "This is no capture: neither pcapng nor pcap.");

    private static IEnumerable<CapturedFrame> ReadClassic(Stream stream, bool isBig, uint kind)
    {
        byte[] header = new byte[20];
        if (!TryFill(stream, header))
            yield break;

        // The upper bits of the link type tell of a frame check sequence.
        var link = (LinkType)(Number(header.AsSpan(16), isBig) & 0x03FF_FFFF);
        int minor = Short(header.AsSpan(2), isBig);
        bool isOld = Short(header, isBig) == 2 && minor <= 3;

        // A Linux of the nineties has an interface, a protocol and a packet type behind the lengths.
        byte[] record = new byte[kind == Modified ? 24 : 16];
        while (TryFill(stream, record))
        {
            (uint kept, uint whole) = (Number(record.AsSpan(8), isBig), Number(record.AsSpan(12), isBig));

            // Before version 2.3 the lengths come the other way round, in 2.3 they may.
            if (isOld && (minor < 3 || kept > whole))
                (kept, whole) = (whole, kept);
            byte[] bytes = new byte[Length(kept)];
            if (!TryFill(stream, bytes))
                yield break;

            long time = Number(record, isBig) * 1_000_000_000L
                + Number(record.AsSpan(4), isBig) * (kind == Nanoseconds ? 1L : 1000);
            yield return new CapturedFrame(time, link, bytes) { WireLength = WireLength(whole, bytes.Length) };
        }
    }
}
