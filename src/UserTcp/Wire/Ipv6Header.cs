using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>The fixed header of an IPv6 packet (RFC 8200 §3), a view over its bytes.</summary>
internal readonly ref struct Ipv6Header
{
    /// <summary>The header without extension headers.</summary>
    public const int Size = IpFamily.HeaderBytesV6;

    /// <summary>The longest payload that the length field can name; extension headers are part of it.</summary>
    public const int MaxPayloadBytes = ushort.MaxValue;

    private readonly ReadOnlySpan<byte> _packet;

    /// <summary>A view over bytes that were checked before: there are <see cref="Size"/> of them or more.</summary>
    internal Ipv6Header(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>DSCP and the two bits of ECN (RFC 2474 §3, RFC 3168 §5).</summary>
    public byte TrafficClass => (byte)(BinaryPrimitives.ReadUInt16BigEndian(_packet) >> 4);

    /// <summary>The field; 0 in a jumbogram.</summary>
    public int PayloadLength => BinaryPrimitives.ReadUInt16BigEndian(_packet[4..]);

    /// <summary>The first extension header, or the protocol of the payload if there is none.</summary>
    public IpProtocol NextHeader => (IpProtocol)_packet[6];

    public byte HopLimit => _packet[7];

    public HostAddress Source => HostAddress.ReadV6(_packet[8..]);

    public HostAddress Destination => HostAddress.ReadV6(_packet[24..]);

    /// <summary>
    /// Finds how many of the bytes are the packet. False if the header is not sound, or if not all of the packet is
    /// here.
    /// </summary>
    public static bool TryMeasure(ReadOnlySpan<byte> bytes, out int packetLength)
    {
        packetLength = 0;
        if (bytes.Length < Size || bytes[0] >> 4 != 6)
            return false;

        var header = new Ipv6Header(bytes);
        packetLength = Size + header.PayloadLength;
        if (header.PayloadLength == 0 && !TryMeasureJumbogram(bytes, header.NextHeader, ref packetLength))
            return false;

        return packetLength <= bytes.Length;
    }

    // Two forms of packets that are longer than the field can say: RFC 2675 has an option for them, and offloads of
    // this machine (BIG TCP) also leave that out; then the packet is the bytes that arrived.
    private static bool TryMeasureJumbogram(ReadOnlySpan<byte> bytes, IpProtocol next, ref int packetLength)
    {
        if (next == IpProtocol.HopByHop)
        {
            bool isFound = Ipv6Extensions.TryReadJumboLength(bytes[Size..], out uint length);
            packetLength = isFound && length <= int.MaxValue - Size ? Size + (int)length : 0;
            return packetLength > 0;
        }

        if (next == IpProtocol.Tcp && bytes.Length > Size + MaxPayloadBytes)
            packetLength = bytes.Length;
        return true;
    }
}
