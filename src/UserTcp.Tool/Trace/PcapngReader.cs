using System.Text;
using UserTcp.Diagnostics;

namespace UserTcp.Tool.Trace;

/// <summary>Reads the blocks of a pcapng file, behind the first number of it.</summary>
internal sealed class PcapngReader(Stream stream)
{
    public const uint SectionHeader = 0x0A0D0D0A;
    private const uint InterfaceDescription = 1;
    private const uint ObsoletePacket = 2;
    private const uint SimplePacket = 3;
    private const uint EnhancedPacket = 6;
    private const uint ByteOrder = 0x1A2B3C4D;
    private const ushort EndOfOptions = 0;
    private const ushort Comment = 1;
    private const ushort Flags = 2;
    private const ushort TimeResolution = 9;
    private const ushort TimeOffset = 14;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int BlockFrame = 12; // type, length, and the length again

    private readonly List<Interface> _interfaces = [];
    private bool _isBig;

    public IEnumerable<CapturedFrame> Read()
    {
        if (!TryReadSection())
            yield break;

        byte[] type = new byte[sizeof(uint)];
        while (CaptureFile.TryFill(stream, type))
        {
            // Reads the same in both orders: the order may change with it.
            if (CaptureFile.Number(type, isBig: false) == SectionHeader)
            {
                if (!TryReadSection())
                    yield break;
                continue;
            }

            if (ReadBody() is not { } body)
                yield break;
            if (Take(CaptureFile.Number(type, _isBig), body) is { } frame)
                yield return frame;
        }
    }

    private bool TryReadSection()
    {
        byte[] start = new byte[8];
        if (!CaptureFile.TryFill(stream, start))
            return false;

        _isBig = CaptureFile.Number(start.AsSpan(4), isBig: true) == ByteOrder;
        if (!_isBig && CaptureFile.Number(start.AsSpan(4), isBig: false) != ByteOrder)
            throw Broken("a section without byte order");

        _interfaces.Clear();
        int length = CaptureFile.Length(CaptureFile.Number(start, _isBig));
        if (length < BlockFrame + 4)
            throw Broken("a section that is too short");
        return CaptureFile.TryFill(stream, new byte[length - BlockFrame]);
    }

    private byte[]? ReadBody()
    {
        byte[] number = new byte[sizeof(uint)];
        if (!CaptureFile.TryFill(stream, number))
            return null;

        int length = CaptureFile.Length(CaptureFile.Number(number, _isBig));
        if (length < BlockFrame)
            throw Broken("a block that is too short");

        byte[] body = new byte[length - BlockFrame];
        return CaptureFile.TryFill(stream, body) && CaptureFile.TryFill(stream, number) ? body : null;
    }

    private CapturedFrame? Take(uint type, byte[] body)
    {
        switch (type)
        {
            case InterfaceDescription when body.Length >= 8:
                _interfaces.Add(Describe(body));
                return null;
            case EnhancedPacket when body.Length >= 20:
                return WithOptions(Frame(CaptureFile.Number(body, _isBig), body), body);
            case ObsoletePacket when body.Length >= 20:
                return Frame(CaptureFile.Short(body, _isBig), body);
            case SimplePacket when body.Length >= 4:
                return Simple(body);
            default:
                return null; // statistics, names, and what others have invented
        }
    }

    private CapturedFrame Frame(uint number, byte[] body)
    {
        Interface on = Of(number);
        ulong ticks = (ulong)CaptureFile.Number(body.AsSpan(4), _isBig) << 32
            | CaptureFile.Number(body.AsSpan(8), _isBig);
        int kept = CaptureFile.Length(CaptureFile.Number(body.AsSpan(12), _isBig));
        if (kept > body.Length - 20)
            throw Broken("a frame that is longer than its block");

        Int128 time = (Int128)ticks * NanosecondsPerSecond / on.TicksPerSecond
            + (Int128)on.OffsetSeconds * NanosecondsPerSecond;
        return new CapturedFrame(
            (long)Int128.Clamp(time, long.MinValue, long.MaxValue), on.Link, body.AsMemory(20, kept))
        {
            WireLength = CaptureFile.WireLength(CaptureFile.Number(body.AsSpan(16), _isBig), kept),
        };
    }

    private CapturedFrame WithOptions(CapturedFrame frame, byte[] body)
    {
        ReadOnlySpan<byte> options = body.AsSpan(20 + frame.Bytes.Length);
        options = options[Math.Min(options.Length, -frame.Bytes.Length & 3)..]; // the frame is padded to 32 bits
        while (TryTakeOption(ref options, out ushort code, out ReadOnlySpan<byte> value))
        {
            if (code == Comment)
                frame = frame with { Comment = Encoding.UTF8.GetString(value) };
            else if (code == Flags && value.Length == 4)
                frame = frame with { Direction = DirectionOf(CaptureFile.Number(value, _isBig)) };
        }

        return frame;
    }

    private static PacketDirection? DirectionOf(uint flags) => (flags & 3) switch
    {
        1 => PacketDirection.Received,
        2 => PacketDirection.Sent,
        _ => null,
    };

    private bool TryTakeOption(ref ReadOnlySpan<byte> options, out ushort code, out ReadOnlySpan<byte> value)
    {
        code = EndOfOptions;
        value = default;
        if (options.Length < 4)
            return false;

        code = CaptureFile.Short(options, _isBig);
        int length = CaptureFile.Short(options[2..], _isBig);
        if (code == EndOfOptions || length > options.Length - 4)
            return false;

        value = options.Slice(4, length);
        options = options[Math.Min(options.Length, 4 + (length + 3 & ~3))..];
        return true;
    }

    // It has no time and no length of what was kept: that is the packet's, or what the interface keeps at most.
    private CapturedFrame Simple(byte[] body)
    {
        Interface on = Of(0);
        uint whole = CaptureFile.Number(body, _isBig);
        uint kept = whole;
        if (on.SnapLength != 0)
            kept = Math.Min(kept, on.SnapLength);
        if (kept > body.Length - 4)
            throw Broken("a frame that is longer than its block");

        return new CapturedFrame(null, on.Link, body.AsMemory(4, (int)kept))
        {
            WireLength = CaptureFile.WireLength(whole, (int)kept),
        };
    }

    private Interface Of(uint number) => number < _interfaces.Count
        ? _interfaces[(int)number]
        : throw Broken("a frame of an interface that was not described");

    private Interface Describe(ReadOnlySpan<byte> body)
    {
        var described = new Interface(
            (LinkType)CaptureFile.Short(body, _isBig), CaptureFile.Number(body[4..], _isBig), 1_000_000, 0);
        ReadOnlySpan<byte> options = body[8..];
        while (TryTakeOption(ref options, out ushort code, out ReadOnlySpan<byte> value))
        {
            if (code == TimeResolution && value.Length == 1)
                described = described with { TicksPerSecond = Resolution(value[0]) };
            else if (code == TimeOffset && value.Length == 8)
                described = described with { OffsetSeconds = Long(value) };
        }

        return described;
    }

    // The byte order of the section, not of its halves.
    private long Long(ReadOnlySpan<byte> bytes)
    {
        uint first = CaptureFile.Number(bytes, _isBig), second = CaptureFile.Number(bytes[4..], _isBig);
        return (long)(_isBig ? (ulong)first << 32 | second : (ulong)second << 32 | first);
    }

    private static ulong Resolution(byte value)
    {
        int exponent = value & 0x7F;
        bool isBinary = (value & 0x80) != 0;
        if (exponent > (isBinary ? 62 : 18))
            throw Broken("a resolution of time beyond all clocks");

        return isBinary ? 1UL << exponent : (ulong)Math.Pow(10, exponent);
    }

    private static ToolException Broken(string why) => new(Failure.Read, $"The capture is broken: it has {why}.");

    private readonly record struct Interface(
        LinkType Link, uint SnapLength, ulong TicksPerSecond, long OffsetSeconds);
}
