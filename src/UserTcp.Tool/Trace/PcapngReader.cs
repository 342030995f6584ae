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
                return Frame(CaptureFile.Number(body, _isBig), body);
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
            (long)Int128.Clamp(time, long.MinValue, long.MaxValue), on.Link, body.AsMemory(20, kept));
    }

    // It has no time and no length of what was kept: that is the packet's, or what the interface keeps at most.
    private CapturedFrame Simple(byte[] body)
    {
        Interface on = Of(0);
        uint kept = CaptureFile.Number(body, _isBig);
        if (on.SnapLength != 0)
            kept = Math.Min(kept, on.SnapLength);
        if (kept > body.Length - 4)
            throw Broken("a frame that is longer than its block");

        return new CapturedFrame(null, on.Link, body.AsMemory(4, (int)kept));
    }

    private Interface Of(uint number) => number < _interfaces.Count
        ? _interfaces[(int)number]
        : throw Broken("a frame of an interface that was not described");

    private Interface Describe(ReadOnlySpan<byte> body)
    {
        var described = new Interface(
            (LinkType)CaptureFile.Short(body, _isBig), CaptureFile.Number(body[4..], _isBig), 1_000_000, 0);
        ReadOnlySpan<byte> options = body[8..];
        while (options.Length >= 4)
        {
            ushort code = CaptureFile.Short(options, _isBig);
            int length = CaptureFile.Short(options[2..], _isBig);
            if (length > options.Length - 4)
                break;
            if (code == TimeResolution && length == 1)
                described = described with { TicksPerSecond = Resolution(options[4]) };
            else if (code == TimeOffset && length == 8)
                described = described with { OffsetSeconds = Long(options[4..]) };

            options = options[Math.Min(options.Length, 4 + (length + 3 & ~3))..];
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
