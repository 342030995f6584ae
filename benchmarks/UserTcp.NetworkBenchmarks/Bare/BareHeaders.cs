using System.Buffers.Binary;

namespace UserTcp.NetworkBenchmarks.Bare;

/// <summary>
/// Headers of Ethernet, ARP, IPv4 and TCP, written and read by hand. Checksums of TCP are left to the link.
/// </summary>
internal static class BareHeaders
{
    public const int EthernetBytes = 14;
    public const int IpBytes = 20;
    public const int TcpBytes = 20;
    public const int SynOptionBytes = 8;
    public const int ChecksumOffset = 16;
    public const int ArpBytes = EthernetBytes + 28;
    public const ushort Arp = 0x0806;
    public const ushort Ip = 0x0800;
    public const byte Syn = 2;
    public const byte Reset = 4;
    public const byte Ack = 16;

    /// <summary>The scale of our own window.</summary>
    public const int Shift = 7;

    private const byte Tcp = 6;
    private const int ArpRequest = 1;

    /// <summary>A request to everybody if the other station is not known yet, else an answer to it.</summary>
    public static void WriteArp(Span<byte> frame, (MacAddress Mac, uint Ip) own, (MacAddress Mac, uint Ip) peer)
    {
        (peer.Mac.IsZero ? MacAddress.Broadcast : peer.Mac).CopyTo(frame);
        own.Mac.CopyTo(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], Arp);
        ReadOnlySpan<byte> ethernetAndIp = [0, 1, 8, 0, 6, 4, 0, (byte)(peer.Mac.IsZero ? ArpRequest : 2)];
        ethernetAndIp.CopyTo(frame[14..]);
        own.Mac.CopyTo(frame[22..]);
        BinaryPrimitives.WriteUInt32BigEndian(frame[28..], own.Ip);
        peer.Mac.CopyTo(frame[32..]);
        BinaryPrimitives.WriteUInt32BigEndian(frame[38..], peer.Ip);
    }

    /// <summary>Reads an ARP packet from a station; null if it is from another one.</summary>
    public static (MacAddress Sender, bool IsRequest)? ReadArp(ReadOnlySpan<byte> frame, uint station) =>
        frame.Length >= ArpBytes && BinaryPrimitives.ReadUInt32BigEndian(frame[28..]) == station
            ? (new MacAddress(frame.Slice(22, 6)), frame[21] == ArpRequest)
            : null;

    public static void WriteIp(Span<byte> header, uint from, uint to, int length)
    {
        header[..IpBytes].Clear();
        header[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], (ushort)length);
        header[6] = 0x40; // not to be fragmented
        header[8] = 64;
        header[9] = Tcp;
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], from);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], to);
        uint sum = 0;
        for (int i = 0; i < IpBytes; i += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(header[i..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(header[10..], (ushort)~Fold(sum));
    }

    /// <summary>The checksum field gets the sum of the pseudo-header; the link adds the rest.</summary>
    public static void WriteTcp(
        Span<byte> header, BareFlow flow, byte flags, int window, (uint Own, uint Peer) ends, int length)
    {
        header[..TcpBytes].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(header, flow.Port);
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], flow.RemotePort);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], flow.Next);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], (flags & Ack) != 0 ? flow.Expected : 0);
        bool isSyn = (flags & Syn) != 0;
        header[12] = (byte)((TcpBytes + (isSyn ? SynOptionBytes : 0)) / 4 << 4);
        header[13] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(header[14..], (ushort)Math.Min(window >> (isSyn ? 0 : Shift), 0xffff));
        uint sum = (ends.Own >> 16) + (ends.Own & 0xffff) + (ends.Peer >> 16) + (ends.Peer & 0xffff)
            + Tcp + (uint)length;
        BinaryPrimitives.WriteUInt16BigEndian(header[ChecksumOffset..], Fold(sum));
        if (isSyn)
        {
            ReadOnlySpan<byte> options =
                [2, 4, BareLink.SegmentBytes >> 8, BareLink.SegmentBytes & 0xff, 1, 3, 3, Shift];
            options.CopyTo(header[TcpBytes..]);
        }
    }

    /// <summary>Reads a TCP segment of an IPv4 frame.</summary>
    /// <returns>The port it is for, or 0 if the frame is anything else.</returns>
    public static ushort ReadTcp(ReadOnlySpan<byte> frame, out BareSegment segment)
    {
        segment = default;
        if (frame.Length < EthernetBytes + IpBytes + TcpBytes || frame[EthernetBytes + 9] != Tcp)
            return 0;

        int length = BinaryPrimitives.ReadUInt16BigEndian(frame[(EthernetBytes + 2)..]);
        ReadOnlySpan<byte> packet = length == 0 ? frame[EthernetBytes..] : frame.Slice(EthernetBytes, length);
        ReadOnlySpan<byte> tcp = packet[((packet[0] & 15) * 4)..];
        int header = (tcp[12] >> 4) * 4;
        segment = new BareSegment
        {
            Seq = BinaryPrimitives.ReadUInt32BigEndian(tcp[4..]),
            Ack = BinaryPrimitives.ReadUInt32BigEndian(tcp[8..]),
            Flags = tcp[13],
            Window = BinaryPrimitives.ReadUInt16BigEndian(tcp[14..]),
            Options = tcp[TcpBytes..header],
            Text = tcp[header..],
        };
        return BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]);
    }

    /// <summary>The peer's window scale.</summary>
    public static int ReadShift(ReadOnlySpan<byte> options)
    {
        while (options.Length > 2 && options[0] != 0)
        {
            if (options[0] == 3)
                return options[2];

            options = options[(options[0] == 1 ? 1 : Math.Max((int)options[1], 2))..];
        }

        return 0;
    }

    private static ushort Fold(uint sum)
    {
        sum = (sum >> 16) + (sum & 0xffff);
        return (ushort)(sum + (sum >> 16));
    }
}
