using System.Buffers.Binary;
using System.Net;
using UserTcp.Primitives;

namespace UserTcp.Tests.Wire;

/// <summary>IPv6 packets put together byte by byte, not by the code under test.</summary>
internal static class Ipv6Bytes
{
    public const byte HopByHop = 0;
    public const byte TcpNext = 6;
    public const byte UdpNext = 17;
    public const byte Routing = 43;
    public const byte Fragment = 44;
    public const byte NoNextHeader = 59;
    public const byte DestinationOptions = 60;

    public static readonly HostAddress Source = Address("2001:db8::1");
    public static readonly HostAddress Destination = Address("2001:db8:1::2:7");

    public static HostAddress Address(string text) => HostAddress.From(IPAddress.Parse(text));

    /// <summary>A packet whose length field tells the truth.</summary>
    public static byte[] Packet(byte next, params byte[][] parts) => Packet(Source, Destination, next, parts);

    public static byte[] Packet(HostAddress source, HostAddress destination, byte next, params byte[][] parts)
    {
        byte[] payload = [.. parts.SelectMany(part => part)];
        byte[] header = new byte[40];
        header[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)payload.Length);
        header[6] = next;
        header[7] = 64;
        source.ToIPAddress().TryWriteBytes(header.AsSpan(8), out _);
        destination.ToIPAddress().TryWriteBytes(header.AsSpan(24), out _);
        return [.. header, .. payload];
    }

    /// <summary>An extension header of this many octets, a multiple of 8, filled with Pad1.</summary>
    public static byte[] Extension(byte next, int length = 8)
    {
        byte[] header = new byte[length];
        header[0] = next;
        header[1] = (byte)(length / 8 - 1);
        return header;
    }

    public static byte[] FragmentHeader(byte next, int offset, bool more, uint id = 0)
    {
        byte[] header = new byte[8];
        header[0] = next;
        header[1] = 0xff; // reserved: of no meaning, and no length
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(offset | 6 | (more ? 1 : 0)));
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), id);
        return header;
    }

    /// <summary>A hop-by-hop header with the length of a jumbogram (RFC 2675 §2).</summary>
    public static byte[] Jumbo(byte next, uint length)
    {
        byte[] header = [next, 0, 0xc2, 4, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), length);
        return header;
    }
}
