using System.Buffers.Binary;
using System.Net;

namespace UserTcp.Tool.Trace;

/// <summary>
/// A TCP segment of a capture. Not the stack's own parser: captures are cut, come without checksums, and may be IPv6.
/// </summary>
internal sealed record TraceSegment
{
    private const byte OptionEnd = 0, OptionNothing = 1, OptionMss = 2, OptionScale = 3, OptionSack = 5;

    /// <summary>Whether the capture says when.</summary>
    public bool IsTimed { get; init; }

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

    /// <summary>Reads a frame; null if no TCP is found in it.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="obstacle">Why none is found.</param>
    public static TraceSegment? Parse(CapturedFrame frame, out Obstacle obstacle)
    {
        ReadOnlySpan<byte> packet = LinkLayers.FindPacket(frame.Link, frame.Bytes.Span, out obstacle);
        if (packet.IsEmpty || !IpLayers.TryFind(packet, out IpLayers layers, out obstacle))
            return null;

        ReadOnlySpan<byte> tcp = layers.Segment;
        obstacle = Obstacle.Cut;
        if (tcp.Length < 20)
            return null;

        int header = (tcp[12] >> 4) * 4;
        obstacle = Obstacle.Malformed;
        if (header < 20 || header > layers.Length)
            return null;

        var segment = new TraceSegment
        {
            IsTimed = frame.Nanoseconds is not null,
            Source = new IPEndPoint(layers.Hosts.Source, BinaryPrimitives.ReadUInt16BigEndian(tcp)),
            Destination = new IPEndPoint(layers.Hosts.Destination, BinaryPrimitives.ReadUInt16BigEndian(tcp[2..])),
            Sequence = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            Acknowledgment = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]),
            Flags = tcp[13],
            Window = BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]),
            Length = layers.Length - header,
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
