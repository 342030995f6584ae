using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>An IPv4 packet (RFC 791 §3.1), a view over its bytes; what the frame added behind it is cut off.</summary>
internal readonly ref struct Ipv4Header
{
    /// <summary>The header without options.</summary>
    public const int Size = IpFamily.HeaderBytesV4;

    /// <summary>The header with all the options that its length field can say.</summary>
    public const int MaxSize = 60;

    /// <summary>The largest packet that the total length can name.</summary>
    public const int MaxPacketBytes = ushort.MaxValue;

    private const int DontFragmentBit = 0x4000;
    private const int MoreFragmentsBit = 0x2000;
    private const int FragmentOffsetMask = 0x1fff;

    private readonly ReadOnlySpan<byte> _packet;

    /// <summary>A view over a packet that was parsed before.</summary>
    internal Ipv4Header(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>In bytes, options included.</summary>
    public int HeaderLength => (_packet[0] & 15) * 4;

    /// <summary>The type of service octet: DSCP and the two bits of ECN (RFC 2474 §3, RFC 3168 §5).</summary>
    public byte TrafficClass => _packet[1];

    public EcnCodepoint Ecn => (EcnCodepoint)(TrafficClass & 3);

    /// <summary>Header and payload, in bytes.</summary>
    public int TotalLength => _packet.Length;

    public ushort Id => BinaryPrimitives.ReadUInt16BigEndian(_packet[4..]);

    public bool DontFragment => (FragmentField & DontFragmentBit) != 0;

    public bool MoreFragments => (FragmentField & MoreFragmentsBit) != 0;

    /// <summary>Where the payload belongs in the datagram, in bytes.</summary>
    public int FragmentOffset => (FragmentField & FragmentOffsetMask) * 8;

    public bool IsFragment => (FragmentField & (MoreFragmentsBit | FragmentOffsetMask)) != 0;

    public byte TimeToLive => _packet[8];

    public IpProtocol Protocol => (IpProtocol)_packet[9];

    public HostAddress Source => HostAddress.ReadV4(_packet[12..]);

    public HostAddress Destination => HostAddress.ReadV4(_packet[16..]);

    /// <summary>The options, padding included; empty for nearly every packet.</summary>
    public ReadOnlySpan<byte> Options => _packet[Size..HeaderLength];

    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..];

    /// <summary>The whole packet, for quoting it in an ICMP error.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    /// <summary>Whether the header's checksum is right (RFC 1122 §3.2.1.2).</summary>
    public bool HasValidChecksum => InternetChecksum.IsValid(InternetChecksum.Sum(_packet[..HeaderLength]));

    private int FragmentField => BinaryPrimitives.ReadUInt16BigEndian(_packet[6..]);

    /// <summary>
    /// False if the bytes are not a whole packet with a sound header: version 4, a header of 20 bytes or more, and a
    /// total length between it and what arrived. The checksum is a step of its own. Offloads of this machine merge TCP
    /// to packets that are longer than the field can say; it is 0 then, and the packet is what arrived (BIG TCP).
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv4Header header)
    {
        header = default;
        if (bytes.Length < Size || bytes[0] >> 4 != 4)
            return false;

        int headerLength = (bytes[0] & 15) * 4;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (totalLength == 0 && bytes.Length > MaxPacketBytes && bytes[9] == (byte)IpProtocol.Tcp)
            totalLength = bytes.Length;
        if (headerLength < Size || totalLength < headerLength || totalLength > bytes.Length)
            return false;

        header = new Ipv4Header(bytes[..totalLength]);
        return true;
    }

    /// <summary>
    /// Takes the header that an ICMP error quotes (RFC 792): the packet behind it is cut off where the router pleased,
    /// so its total length is not what is here.
    /// </summary>
    public static bool TryParseQuote(ReadOnlySpan<byte> bytes, out Ipv4Header header)
    {
        header = default;
        if (bytes.Length < Size || bytes[0] >> 4 != 4)
            return false;

        int headerLength = (bytes[0] & 15) * 4;
        int totalLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        if (headerLength < Size || headerLength > bytes.Length || totalLength < headerLength)
            return false;

        header = new Ipv4Header(bytes[..Math.Min(totalLength, bytes.Length)]);
        return true;
    }

    /// <summary>Writes a header of <see cref="Size"/> bytes without options, its checksum computed.</summary>
    public static void Write(Span<byte> destination, in Ipv4Fields fields)
    {
        Span<byte> header = destination[..Size];
        header[0] = 0x45;
        header[1] = fields.TrafficClass;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)fields.TotalLength);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], fields.Id);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)(fields.DontFragment ? DontFragmentBit : 0));
        header[8] = fields.TimeToLive;
        header[9] = (byte)fields.Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], 0);
        fields.Source.WriteV4(header[12..]);
        fields.Destination.WriteV4(header[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(header[10..], InternetChecksum.Complete(InternetChecksum.Sum(header)));
    }
}

/// <summary>The fields of an IPv4 header that we write: never a fragment, never options.</summary>
internal readonly record struct Ipv4Fields(
    HostAddress Source, HostAddress Destination, IpProtocol Protocol, int TotalLength)
{
    /// <summary>
    /// RFC 9293 §3.9.2 (MUST-49) asks for a configurable time to live; 64 is the recommended default.
    /// </summary>
    public const byte DefaultTimeToLive = 64;

    public byte TimeToLive { get; init; } = DefaultTimeToLive;

    public byte TrafficClass { get; init; }

    /// <summary>Of no meaning while <see cref="DontFragment"/> is set (RFC 6864 §4.1).</summary>
    public ushort Id { get; init; }

    /// <summary>Set on all that we send: the path's MTU is discovered, not worked around (RFC 1191 §3).</summary>
    public bool DontFragment { get; init; } = true;
}
