using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>
/// A packet of either family, a view over its bytes; what the frame added behind it is cut off. All that does not care
/// for the family takes this.
/// </summary>
internal readonly ref struct IpPacket
{
    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _fragmentAt; // IPv6 alone

    private IpPacket(Ipv4Header header)
    {
        _packet = header.Packet;
        HeaderLength = header.HeaderLength;
        Protocol = header.Protocol;
    }

    private IpPacket(ReadOnlySpan<byte> packet, Ipv6Chain chain)
    {
        _packet = packet;
        Family = IpFamily.V6;
        HeaderLength = chain.Offset;
        Protocol = chain.Protocol;
        _fragmentAt = chain.FragmentAt;
    }

    public IpFamily Family { get; }

    /// <summary>All that precedes the payload, options and extension headers included, in bytes.</summary>
    public int HeaderLength { get; }

    /// <summary>The protocol of the payload, behind all extension headers.</summary>
    public IpProtocol Protocol { get; }

    /// <summary>Headers and payload, in bytes.</summary>
    public int TotalLength => _packet.Length;

    /// <summary>DSCP and the two bits of ECN (RFC 2474 §3, RFC 3168 §5).</summary>
    public byte TrafficClass => Family.IsV4 ? V4.TrafficClass : V6.TrafficClass;

    public EcnCodepoint Ecn => (EcnCodepoint)(TrafficClass & 3);

    /// <summary>The time to live in IPv4.</summary>
    public byte HopLimit => Family.IsV4 ? V4.TimeToLive : V6.HopLimit;

    public HostAddress Source => Family.IsV4 ? V4.Source : V6.Source;

    public HostAddress Destination => Family.IsV4 ? V4.Destination : V6.Destination;

    /// <summary>
    /// Whether this is a part of a packet. A packet that is one fragment and whole is none (RFC 6946).
    /// </summary>
    public bool IsFragment => Family.IsV4 ? V4.IsFragment : _fragmentAt != 0;

    /// <summary>The name that all fragments of a packet share (16 bits in IPv4); 0 in a whole packet of IPv6.</summary>
    public uint FragmentId => Family.IsV4 ? V4.Id
        : _fragmentAt == 0 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(_packet[(_fragmentAt + 4)..]);

    /// <summary>Where the payload belongs in the packet that was cut, in bytes.</summary>
    public int FragmentOffset => Family.IsV4 ? V4.FragmentOffset : FragmentFieldV6 & ~7;

    public bool MoreFragments => Family.IsV4 ? V4.MoreFragments : (FragmentFieldV6 & 1) != 0;

    public ReadOnlySpan<byte> Payload => _packet[HeaderLength..];

    /// <summary>The whole packet, for quoting it in an ICMP error.</summary>
    public ReadOnlySpan<byte> Packet => _packet;

    /// <summary>Whether the header's checksum is right (RFC 1122 §3.2.1.2). IPv6 has none.</summary>
    public bool HasValidHeader => !Family.IsV4 || V4.HasValidChecksum;

    private Ipv4Header V4 => new(_packet);

    private Ipv6Header V6 => new(_packet);

    private int FragmentFieldV6 =>
        _fragmentAt == 0 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_packet[(_fragmentAt + 2)..]);

    /// <summary>
    /// False if the bytes are not a whole packet of a known version with sound headers. The checksum of an IPv4 header
    /// is a step of its own.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        if (Ipv4Header.TryParse(bytes, out Ipv4Header header))
        {
            packet = new IpPacket(header);
            return true;
        }

        packet = default;
        return Ipv6Header.TryMeasure(bytes, out int length) && TryWalk(bytes[..length], out packet);
    }

    /// <summary>
    /// Takes a packet that an ICMP error quotes (RFC 792, RFC 4443 §2.4): it is cut off where the router pleased, so
    /// its length fields do not say what is here. Its headers are whole.
    /// </summary>
    public static bool TryParseQuote(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        if (Ipv4Header.TryParseQuote(bytes, out Ipv4Header header))
        {
            packet = new IpPacket(header);
            return true;
        }

        packet = default;
        if (bytes.Length < Ipv6Header.Size || bytes[0] >> 4 != 6)
            return false;

        int length = new Ipv6Header(bytes).PayloadLength;
        return TryWalk(length == 0 ? bytes : bytes[..Math.Min(bytes.Length, Ipv6Header.Size + length)], out packet);
    }

    private static bool TryWalk(ReadOnlySpan<byte> bytes, out IpPacket packet)
    {
        bool isWhole = Ipv6Extensions.TryWalk(bytes, out Ipv6Chain chain)
            && (chain.FragmentAt == 0 || bytes.Length <= Ipv6Header.Size + Ipv6Header.MaxPayloadBytes); // RFC 2675 §3
        packet = isWhole ? new IpPacket(bytes, chain) : default;
        return isWhole;
    }
}
