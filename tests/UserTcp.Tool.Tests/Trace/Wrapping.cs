using System.Buffers.Binary;

namespace UserTcp.Tool.Tests.Trace;

/// <summary>A way in which a capture may wrap an IP packet: the link type, and the headers in front.</summary>
/// <param name="Name">Of the way.</param>
/// <param name="Link">Of the pcap formats.</param>
/// <param name="Head">The octets before the packet, as hexadecimal digits.</param>
/// <param name="IsIpv6">Whether the head says so.</param>
internal sealed record Wrapping(string Name, ushort Link, string Head, bool IsIpv6 = false)
{
    private const string Macs = "020000000002020000000001";
    private const string Cooked = "0000 0001 0006 020000000001 0000";
    private const string Cooked2 = "0000 00000001 0001 00 06 0200000000010000";
    private const string Ipv6 =
        "60000000 0000 {0} 40 20010db8000000000000000000000001 20010db8000000000000000000000002";
    private const string Tunnel = "45000000 00000000 40{0}0000 0a090001 0a090002";

    /// <summary>All that are read.</summary>
    public static IReadOnlyList<Wrapping> All { get; } =
    [
        new("ethernet", 1, Macs + "0800"),
        new("one-tag", 1, Macs + "8100 0064 0800"),
        new("five-tags", 1, Macs + "88a8 0001 8100 0002 9100 0003 88a8 0004 8100 0005 0800"),
        new("pppoe", 1, Macs + "8864 1100 0001 0030 0021"),
        new("pppoe-in-vlan", 1, Macs + "8100 0007 8864 1100 0001 0030 0021"),
        new("pppoe-ipv6", 1, Macs + "8864 1100 0001 0044 0057", IsIpv6: true),
        new("mpls", 1, Macs + "8847 00010040 00011140"),
        new("mpls-bridged", 1, Macs + "8847 00010140 " + Macs + "0800") { IsOursAlone = true },
        new("mpls-control-word", 1, Macs + "8847 00010140 00000000 " + Macs + "0800") { IsOursAlone = true },
        new("snap", 1, Macs + "0040 aaaa03 000000 0800"),
        new("backbone-bridge", 1, Macs + "88e7 00000100 " + Macs + "0800"),
        new("null", 0, "02000000"),
        new("null-big", 0, "00000002"),
        new("null-ipv6", 0, "1e000000", IsIpv6: true),
        new("loop", 108, "00000002"),
        new("raw-bsd", 12, ""),
        new("raw", 101, ""),
        new("raw-ipv6", 101, "", IsIpv6: true),
        new("ipv4", 228, ""),
        new("ipv6", 229, "", IsIpv6: true),
        new("ppp", 9, "ff03 0021"),
        new("ppp-short", 9, "21"),
        new("ppp-serial", 50, "ff03 0021"),
        new("ppp-serial-cisco", 50, "0f00 0800"),
        new("ppp-ethernet", 51, "1100 0001 0030 0021"),
        new("pppd", 166, "0103 0021") { IsOursAlone = true },
        new("ppp-direction", 204, "01 ff03 0021"),
        new("cisco", 104, "0f00 0800"),
        new("atm", 100, "aaaa03 000000 0800"),
        new("pflog", 117, "3d020000 656d3000" + Zeros(56)),
        new("enc", 109, "00000002 00000001 00000000"),
        new("sll", 113, Cooked + "0800"),
        new("sll-vlan", 113, Cooked + "8100 0064 0800"),
        new("sll-two-tags", 113, Cooked + "88a8 0064 8100 0065 86dd", IsIpv6: true),
        new("sll2", 276, "0800 " + Cooked2),
        new("sll2-vlan", 276, "8100 " + Cooked2 + "0064 0800"),
        new("nflog", 239, "02000000 0800 0100 08000100 0800 0500 00000002 {packet-le}"),
        new("nflog-big", 239, "02000000 0008 0001 08000100 {packet-be}") { IsOursAlone = true },
        new("ppi", 192, "0000 0800 01000000 " + Macs + "0800"),
        new("hop-by-hop", 101, Ip6(0) + "3c00 010400000000 0601 0104 00000000 0000000000000000", IsIpv6: true)
        {
            IsTransport = true,
        },
        new("routing-and-fragment", 101, Ip6(43) + "2c00 fd00 00000000 0600 0000 00000007", IsIpv6: true)
        {
            IsTransport = true,
        },
        new("authentication", 101, Ip6(51) + "0604 0000 00000001 00000001" + Zeros(12), IsIpv6: true)
        {
            IsTransport = true,
        },
        new("ip-in-ip", 101, Ip4("04")),
        new("6in4", 101, Ip4("29"), IsIpv6: true),
        new("gre", 101, Ip4("2f") + "3000 0800 00000001 00000002"),
        new("gre-bridged", 101, Ip4("2f") + "0000 6558 " + Macs + "8100 0001 0800"),
    ];

    /// <summary>Whether tshark does not read it: another host's byte order, or heuristics of its own.</summary>
    public bool IsOursAlone { get; init; }

    /// <summary>Whether the TCP segment alone follows, since the head has the IP headers.</summary>
    public bool IsTransport { get; init; }

    /// <summary>A frame with the segment, from 10.0.0.1 or 2001:db8::1 to the same with 2.</summary>
    public byte[] Wrap(byte[] tcp)
    {
        byte[] packet = IsTransport ? tcp : [.. IsIpv6 ? Header6(tcp.Length) : Header4(tcp.Length), .. tcp];
        string head = Head.Replace("{packet-le}", Attribute(packet.Length, isBig: false), StringComparison.Ordinal)
            .Replace("{packet-be}", Attribute(packet.Length, isBig: true), StringComparison.Ordinal);
        byte[] frame = [.. Convert.FromHexString(head.Replace(" ", "", StringComparison.Ordinal)), .. packet];
        FillLengths(frame);
        return frame;
    }

    public override string ToString() => Name;

    private static string Ip6(int next) => string.Format(null, Ipv6, next.ToString("x2", null));

    private static string Ip4(string protocol) => string.Format(null, Tunnel, protocol);

    private static string Zeros(int octets) => new('0', 2 * octets);

    private static byte[] Header4(int length) =>
    [
        0x45, 0, (byte)(20 + length >> 8), (byte)(20 + length), 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];

    private static byte[] Header6(int length)
    {
        byte[] header = Convert.FromHexString(Ip6(6).Replace(" ", "", StringComparison.Ordinal));
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(4), (ushort)length);
        return header;
    }

    // An attribute of netlink: its length with its own header, and its number.
    private static string Attribute(int length, bool isBig)
    {
        byte[] header = new byte[4];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(length + 4));
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), 9);
        if (isBig)
            (header[0], header[1], header[2], header[3]) = (header[1], header[0], header[3], header[2]);
        return Convert.ToHexString(header);
    }

    // The outer IP headers of a head reach to the end of the frame.
    private void FillLengths(byte[] frame)
    {
        if (Head.StartsWith("45", StringComparison.Ordinal))
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)frame.Length);
        else if (Head.StartsWith("60", StringComparison.Ordinal))
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(4), (ushort)(frame.Length - 40));
        else if (Name.StartsWith("pppoe", StringComparison.Ordinal) || Name == "ppp-ethernet")
        {
            int at = Convert.FromHexString(Head.Replace(" ", "", StringComparison.Ordinal)).Length - 4;
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(at), (ushort)(frame.Length - at - 2));
        }
        else if (Name == "snap")
            BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), (ushort)(frame.Length - 14));
    }
}
