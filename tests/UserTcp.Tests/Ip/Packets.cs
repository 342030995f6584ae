using System.Buffers.Binary;
using System.Net;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Wire;
using UserTcp.Wire;

namespace UserTcp.Tests.Ip;

/// <summary>The network of these tests, and packets put together byte by byte, not by the code under test.</summary>
internal static class Packets
{
    public static readonly MacAddress OwnMac = MacAddress.Parse("02:00:00:00:00:01");
    public static readonly MacAddress PeerMac = MacAddress.Parse("02:00:00:00:00:02");
    public static readonly MacAddress OtherMac = MacAddress.Parse("02:00:00:00:00:03");
    public static readonly HostAddress Own = Address("192.0.2.1");
    public static readonly HostAddress Peer = Address("192.0.2.2");
    public static readonly HostAddress Router = Address("192.0.2.254");
    public static readonly HostAddress Far = Address("198.51.100.7");

    public static readonly Instant Start = new(TimeSpan.TicksPerDay);

    public static HostAddress Address(string text) => HostAddress.From(IPAddress.Parse(text));

    public static RoutingTable Routes() => new([new LocalAddress(Own, 24)], Router);

    public static Instant At(double seconds) => Start + TimeSpan.FromSeconds(seconds);

    public static byte[] Ipv4(
        HostAddress source, HostAddress destination, byte[] payload, byte protocol = 6, ushort id = 0, int fragment = 0,
        byte[]? options = null)
    {
        byte[] header = [0x45, .. new byte[19], .. options ?? []];
        header[0] = (byte)(0x40 | header.Length / 4);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(2), (ushort)(header.Length + payload.Length));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), id);
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(6), (ushort)fragment);
        header[8] = 64;
        header[9] = protocol;
        source.WriteV4(header.AsSpan(12));
        destination.WriteV4(header.AsSpan(16));
        Resum(header);
        return [.. header, .. payload];
    }

    /// <summary>Puts the right checksum into an IP header that was changed.</summary>
    public static byte[] Resum(byte[] packet)
    {
        packet[10] = packet[11] = 0;
        ushort sum = (ushort)~InternetChecksumTests.Naive(packet.AsSpan(0, (packet[0] & 15) * 4));
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(10), sum);
        return packet;
    }

    public static byte[] Frame(MacAddress to, MacAddress from, int etherType, byte[] payload)
    {
        byte[] frame = new byte[14 + payload.Length];
        to.CopyTo(frame);
        from.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)etherType);
        payload.CopyTo(frame, 14);
        return frame;
    }

    public static ArpPacket Request(MacAddress senderMac, HostAddress sender, HostAddress target) =>
        new(ArpOperation.Request, senderMac, sender, default, target);

    public static ArpPacket Reply(MacAddress senderMac, HostAddress sender, HostAddress target) =>
        new(ArpOperation.Reply, senderMac, sender, OwnMac, target);
}
