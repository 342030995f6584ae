using PacketDotNet;
using PacketDotNet.Utils;
using UserTcp.Tool.Trace;

namespace UserTcp.Tool.Dump;

/// <summary>
/// A frame with its headers, each decoded by PacketDotNet. <see cref="LinkLayers"/> and <see cref="IpLayers"/> find
/// where a header begins, so PacketDotNet sees whole headers only and is never asked for a payload.
/// </summary>
internal sealed class DecodedFrame
{
    private readonly byte[] _bytes;
    private readonly List<DecodedHeader> _headers = [];

    private DecodedFrame(byte[] bytes) => _bytes = bytes;

    /// <summary>The headers up to the last IP header, or up to one that holds no IP; the outermost first.</summary>
    public IReadOnlyList<DecodedHeader> Headers => _headers;

    /// <summary>The reason why no IP packet, or only a part of its headers, was found.</summary>
    public Obstacle Obstacle { get; private set; }

    /// <summary>The protocol above the last IP header; negative if there is none.</summary>
    public int Protocol { get; private set; } = -1;

    /// <summary>The content of the last IP packet, as far as it was kept.</summary>
    public ReadOnlyMemory<byte> Content { get; private set; }

    /// <summary>The length of that content by the fields of the IP header, in bytes.</summary>
    public int ContentLength { get; private set; }

    /// <summary>The last IP header; null if there is none.</summary>
    public IPPacket? Ip => _headers.LastOrDefault(header => header.Packet is IPPacket).Packet as IPPacket;

    /// <summary>The frame behind the headers of the link: what a hex dump shows.</summary>
    public ReadOnlyMemory<byte> Packet
    {
        get
        {
            int first = _headers.FindIndex(
                header => header.Kind is HeaderKind.Ipv4 or HeaderKind.Ipv6 or HeaderKind.EtherType);
            return first < 0 ? _bytes : _bytes.AsMemory(_headers[first].Offset);
        }
    }

    /// <summary>Decodes a frame. A failure of PacketDotNet's is an <see cref="Obstacle"/>, and no exception.</summary>
    public static DecodedFrame Of(CapturedFrame frame)
    {
        // A copy of its own: behind the frame lie other octets of the capture.
        var decoded = new DecodedFrame(frame.Bytes.ToArray());
        try
        {
            decoded.Decode(frame.Link);
        }
        catch (Exception error) when (Obstacle.IsOf(error))
        {
            decoded.Obstacle = Obstacle.Undecoded;
            decoded.Protocol = -1;
        }

        return decoded;
    }

    /// <summary>A part of the frame, for a decoder of PacketDotNet's.</summary>
    public static ByteArraySegment SegmentOf(ReadOnlyMemory<byte> part) => new(part.ToArray());

    private void Decode(LinkType link)
    {
        List<FrameHeader> headers = [];
        ReadOnlySpan<byte> packet = Trace.LinkLayers.FindPacket(link, _bytes, headers, out Obstacle obstacle);
        if (!packet.IsEmpty)
        {
            IpLayers.TryFind(_bytes, packet, headers, out IpLayers layers, out obstacle);
            Protocol = layers.Protocol;
            ContentLength = layers.Length;
            Content = layers.Segment.ToArray();
        }

        Obstacle = obstacle;
        foreach (FrameHeader header in headers)
        {
            _headers.Add(new DecodedHeader(header.Kind, header.Offset, header.Number, DecoderOf(header)));
        }
    }

    private Packet? DecoderOf(FrameHeader header) => header.Kind switch
    {
        HeaderKind.Ethernet => new EthernetPacket(Segment(header, 14)),
        HeaderKind.Vlan => new Ieee8021QPacket(Segment(header, 4)),
        HeaderKind.LinuxCooked => new LinuxSllPacket(Segment(header, 16)),
        HeaderKind.LinuxCooked2 => new LinuxSll2Packet(Segment(header, 20)),
        HeaderKind.Pppoe => new PppoePacket(Segment(header, 6)),
        HeaderKind.Ipv4 => new IPv4Packet(Segment(header, (_bytes[header.Offset] & 0xF) * 4)),
        HeaderKind.Ipv6 => new IPv6Packet(WithoutExtensions(header)),
        _ => null,
    };

    private ByteArraySegment Segment(FrameHeader header, int length) =>
        new(_bytes.AsSpan(header.Offset, length).ToArray());

    // PacketDotNet 1.4.8 throws for authentication headers, and finds TCP at a wrong place behind a second extension
    // header of more than eight octets. It is shown none: 59 is "no next header".
    private ByteArraySegment WithoutExtensions(FrameHeader header)
    {
        const int nextHeader = 6;
        byte[] alone = _bytes.AsSpan(header.Offset, IPv6Fields.HeaderLength).ToArray();
        alone[nextHeader] = 59;
        return new ByteArraySegment(alone);
    }
}

/// <summary>A header of a <see cref="DecodedFrame"/>.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Offset">Where it begins, in octets from the beginning of the frame.</param>
/// <param name="Number">The Ethernet type of the rest, or the length of an IP packet's content.</param>
/// <param name="Packet">The decoded fields; null for kinds that PacketDotNet does not know.</param>
internal readonly record struct DecodedHeader(HeaderKind Kind, int Offset, int Number, Packet? Packet);
