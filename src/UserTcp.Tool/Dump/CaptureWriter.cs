using System.Buffers.Binary;
using System.Text;
using UserTcp.Diagnostics;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>
/// Writes frames as pcapng, with one interface for each link type, nanoseconds, directions and comments.
/// <see cref="PcapngTap"/> writes what a stack has: Ethernet and bare IP, and frames that are whole.
/// </summary>
internal sealed class CaptureWriter : IDisposable
{
    private const uint Section = 0x0A0D0D0A, ByteOrder = 0x1A2B3C4D, Interface = 1, EnhancedPacket = 6;
    private const ushort Comment = 1, Flags = 2, TimeResolution = 9;
    private const int MaxCommentBytes = 1024;

    private const int BufferBytes = 64 << 10;

    private readonly Stream _stream;
    private readonly MemoryStream _written = new();
    private readonly MemoryStream _block = new();
    private readonly List<LinkType> _interfaces = [];

    public CaptureWriter(Stream stream)
    {
        _stream = stream;
        Put(ByteOrder);
        Put(1, 0); // the version
        Put(uint.MaxValue);
        Put(uint.MaxValue); // the section's length, which nobody knows yet
        Finish(Section);
    }

    /// <summary>Takes a frame; one without a time gets that of 1970.</summary>
    public void Write(CapturedFrame frame)
    {
        uint on = InterfaceOf(frame.Link);
        ulong time = (ulong)Math.Max(0, frame.Nanoseconds ?? 0);
        Put(on);
        Put((uint)(time >> 32));
        Put((uint)time);
        Put((uint)frame.Bytes.Length);
        Put((uint)frame.WireLength);
        PutPadded(frame.Bytes.Span);
        PutOptions(frame);
        Finish(EnhancedPacket);
    }

    /// <summary>Hands all frames to the system.</summary>
    /// <exception cref="IOException">They cannot be written. They are dropped.</exception>
    public void Flush()
    {
        int length = (int)_written.Length;
        _written.SetLength(0);
        _stream.Write(_written.GetBuffer().AsSpan(0, length));
        _stream.Flush();
    }

    /// <summary>Closes the file; writes nothing.</summary>
    public void Dispose() => _stream.Dispose();

    private void PutOptions(CapturedFrame frame)
    {
        byte[] comment = Encoding.UTF8.GetBytes(frame.Comment ?? "");
        comment = comment[..Math.Min(comment.Length, MaxCommentBytes)];
        if (comment.Length > 0)
        {
            Put(Comment, (ushort)comment.Length);
            PutPadded(comment);
        }

        if (frame.Direction is { } direction)
        {
            Put(Flags, 4);
            Put(direction == PacketDirection.Received ? 1u : 2u);
        }

        if (comment.Length > 0 || frame.Direction is not null)
            Put(0, 0);
    }

    private uint InterfaceOf(LinkType link)
    {
        int index = _interfaces.IndexOf(link);
        if (index >= 0)
            return (uint)index;

        Put((ushort)link, 0);
        Put(0); // no snap length
        Put(TimeResolution, 1);
        Put(9); // nanoseconds, and three octets of padding
        Put(0, 0);
        Finish(Interface);
        _interfaces.Add(link);
        return (uint)(_interfaces.Count - 1);
    }

    // All numbers are little-endian: the section says so.
    private void Finish(uint type)
    {
        const int frame = 12; // type, length, and the length again
        Span<byte> ends = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(ends, type);
        BinaryPrimitives.WriteUInt32LittleEndian(ends[4..], (uint)_block.Length + frame);
        _written.Write(ends);
        _written.Write(_block.GetBuffer().AsSpan(0, (int)_block.Length));
        _written.Write(ends[4..]);
        _block.SetLength(0);
        if (_written.Length >= BufferBytes)
            Flush();
    }

    private void Put(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _block.Write(bytes);
    }

    private void Put(ushort first, ushort second) => Put(first | (uint)second << 16);

    private void PutPadded(ReadOnlySpan<byte> bytes)
    {
        _block.Write(bytes);
        _block.Write(stackalloc byte[-bytes.Length & 3]);
    }
}
