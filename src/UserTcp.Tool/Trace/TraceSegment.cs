using System.Buffers.Binary;
using System.Net;

namespace UserTcp.Tool.Trace;

/// <summary>
/// A TCP segment of a capture. Not the stack's own parser: captures are cut, come without checksums, and may be IPv6.
/// </summary>
internal sealed record TraceSegment
{
    private const int Tcp = 6;
    private const int EthernetHeader = 14;
    private const byte OptionEnd = 0, OptionNothing = 1, OptionMss = 2, OptionScale = 3, OptionSack = 5;

    public required long Nanoseconds { get; init; }

    public required IPEndPoint Source { get; init; }

    public required IPEndPoint Destination { get; init; }

    public uint Sequence { get; init; }

    public uint Acknowledgment { get; init; }

    /// <summary>The octets of text, by the length of the IP packet and not by what was kept of it.</summary>
    public int Length { get; init; }

    public byte Flags { get; init; }

    public ushort Window { get; init; }

    public int? WindowScale { get; init; }

    public int? SegmentSize { get; init; }

    public IReadOnlyList<(uint Left, uint Right)> Sack { get; init; } = [];

    public bool IsFin => (Flags & 1) != 0;

    public bool IsSyn => (Flags & 2) != 0;

    public bool IsReset => (Flags & 4) != 0;

    public bool HasAcknowledgment => (Flags & 16) != 0;

    /// <summary>Reads a frame; null if it is no TCP, or cut too short.</summary>
    public static TraceSegment? Parse(CapturedFrame frame)
    {
        ReadOnlySpan<byte> packet = PacketOf(frame);
        if (packet.Length < 1)
            return null;

        return (packet[0] >> 4) switch
        {
            4 => ParseIpv4(frame.Nanoseconds, packet),
            6 => ParseIpv6(frame.Nanoseconds, packet),
            _ => null,
        };
    }

    private static ReadOnlySpan<byte> PacketOf(CapturedFrame frame)
    {
        ReadOnlySpan<byte> bytes = frame.Bytes.Span;
        int header = frame.Link switch
        {
            LinkType.Ethernet => EthernetLength(bytes),
            LinkType.Null or LinkType.Loop => 4,
            LinkType.LinuxCooked => 16,
            LinkType.LinuxCooked2 => 20,
            LinkType.Raw or LinkType.RawBsd or LinkType.Ipv4 or LinkType.Ipv6 => 0,
            _ => int.MaxValue,
        };
        return header < bytes.Length ? bytes[header..] : default;
    }

    // Up to two VLAN tags; anything but IP behind them is of no interest.
    private static int EthernetLength(ReadOnlySpan<byte> bytes)
    {
        for (int header = EthernetHeader; header <= EthernetHeader + 8 && bytes.Length >= header; header += 4)
        {
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(bytes[(header - 2)..]);
            if (type is 0x0800 or 0x86DD)
                return header;
            if (type is not (0x8100 or 0x88A8))
                break;
        }

        return int.MaxValue;
    }

    private static TraceSegment? ParseIpv4(long time, ReadOnlySpan<byte> packet)
    {
        int header = (packet[0] & 0xF) * 4;
        if (packet.Length < 20 || header < 20 || packet.Length < header || packet[9] != Tcp)
            return null;

        // Of fragments only the first has a TCP header, and its length is not that of the segment.
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0)
            return null;

        // Offloading cards leave 0 there for what is longer than 64 KiB: then what was captured has to do.
        int total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        return ParseTcp(
            time, (new IPAddress(packet.Slice(12, 4)), new IPAddress(packet.Slice(16, 4))), packet[header..],
            (total == 0 ? packet.Length : total) - header);
    }

    private static TraceSegment? ParseIpv6(long time, ReadOnlySpan<byte> packet)
    {
        const int header = 40;
        if (packet.Length < header || packet[6] != Tcp)
            return null;

        int length = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        return ParseTcp(
            time, (new IPAddress(packet.Slice(8, 16)), new IPAddress(packet.Slice(24, 16))), packet[header..],
            length == 0 ? packet.Length - header : length);
    }

    private static TraceSegment? ParseTcp(
        long time, (IPAddress Source, IPAddress Destination) hosts, ReadOnlySpan<byte> tcp, int length)
    {
        if (tcp.Length < 20)
            return null;

        int header = (tcp[12] >> 4) * 4;
        if (header < 20 || header > length)
            return null;

        var segment = new TraceSegment
        {
            Nanoseconds = time,
            Source = new IPEndPoint(hosts.Source, BinaryPrimitives.ReadUInt16BigEndian(tcp)),
            Destination = new IPEndPoint(hosts.Destination, BinaryPrimitives.ReadUInt16BigEndian(tcp[2..])),
            Sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            Acknowledgment = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]),
            Flags = tcp[13],
            Window = BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]),
            Length = length - header,
        };
        return WithOptions(segment, tcp[20..Math.Min(header, tcp.Length)]);
    }

    private static TraceSegment WithOptions(TraceSegment segment, ReadOnlySpan<byte> options)
    {
        while (options.Length > 0 && options[0] != OptionEnd)
        {
            if (options[0] == OptionNothing)
            {
                options = options[1..];
                continue;
            }

            if (options.Length < 2 || options[1] < 2 || options[1] > options.Length)
                break;

            ReadOnlySpan<byte> value = options[2..options[1]];
            segment = options[0] switch
            {
                OptionMss when value.Length == 2 =>
                    segment with { SegmentSize = BinaryPrimitives.ReadUInt16BigEndian(value) },
                OptionScale when value.Length == 1 => segment with { WindowScale = Math.Min((int)value[0], 14) },
                OptionSack => segment with { Sack = Blocks(value) },
                _ => segment,
            };
            options = options[options[1]..];
        }

        return segment;
    }

    private static List<(uint Left, uint Right)> Blocks(ReadOnlySpan<byte> value)
    {
        List<(uint, uint)> blocks = [];
        for (; value.Length >= 8; value = value[8..])
        {
            blocks.Add((
                BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..])));
        }

        return blocks;
    }
}
