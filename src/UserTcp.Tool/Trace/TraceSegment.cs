using System.Buffers.Binary;
using System.Net;
using PacketDotNet;
using PacketDotNet.Utils;

namespace UserTcp.Tool.Trace;

/// <summary>
/// A TCP segment of a capture. PacketDotNet reads the header. The options are read here: PacketDotNet 1.4.8 never
/// returns from an option of length 0, takes SACK blocks for 16-bit numbers, and reads no options that are cut.
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
        ReadOnlySpan<byte> bytes = frame.Bytes.Span;
        ReadOnlySpan<byte> packet = LinkLayers.FindPacket(frame.Link, bytes, null, out obstacle);
        if (packet.IsEmpty || !IpLayers.TryFind(bytes, packet, null, out IpLayers layers, out obstacle))
            return null;

        try
        {
            return Parse(layers.Segment, layers.Length, layers.Hosts, out obstacle) is { } segment
                ? segment with { IsTimed = frame.Nanoseconds is not null }
                : null;
        }
        catch (Exception error) when (Obstacle.IsOf(error))
        {
            obstacle = Obstacle.Undecoded;
            return null;
        }
    }

    /// <summary>Reads a segment; null if it is none.</summary>
    /// <param name="tcp">The part of it that was kept.</param>
    /// <param name="length">The whole length, by the IP header.</param>
    /// <param name="hosts">The ends of the IP packet.</param>
    /// <param name="obstacle">Why it is none.</param>
    public static TraceSegment? Parse(
        ReadOnlySpan<byte> tcp, int length, (IPAddress Source, IPAddress Destination) hosts, out Obstacle obstacle)
    {
        obstacle = Obstacle.Cut;
        if (tcp.Length < TcpFields.HeaderLength)
            return null;

        var header = new TcpPacket(new ByteArraySegment(tcp[..TcpFields.HeaderLength].ToArray()));
        int headerLength = header.DataOffset * 4;
        obstacle = Obstacle.Malformed;
        if (headerLength < TcpFields.HeaderLength || headerLength > length)
            return null;

        var segment = new TraceSegment
        {
            Source = new IPEndPoint(hosts.Source, header.SourcePort),
            Destination = new IPEndPoint(hosts.Destination, header.DestinationPort),
            Sequence = header.SequenceNumber,
            Acknowledgment = header.AcknowledgmentNumber,
            Flags = (byte)header.Flags,
            Window = header.WindowSize,
            Length = length - headerLength,
        };
        return WithOptions(segment, OptionsOf(tcp, headerLength));
    }

    /// <summary>The options of a TCP header, as far as they were kept.</summary>
    public static ReadOnlySpan<byte> OptionsOf(ReadOnlySpan<byte> tcp, int headerLength) =>
        tcp[TcpFields.HeaderLength..Math.Clamp(headerLength, TcpFields.HeaderLength, tcp.Length)];

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
