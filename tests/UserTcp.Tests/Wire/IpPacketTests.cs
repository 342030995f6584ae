using System.Buffers.Binary;
using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Wire;
using static UserTcp.Tests.Wire.Ipv6Bytes;
using Packets = UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Wire;

public class IpPacketTests
{
    private static readonly byte[] s_text = [1, 2, 3, 4];

    [Fact]
    public void A_packet_of_IPv4_is_seen_as_its_header_says()
    {
        byte[] bytes = Packets.Ipv4(Packets.Peer, Packets.Own, s_text, id: 77, fragment: 0x2005, options: [1, 1, 1, 0]);
        bytes[1] = 0xbb;
        bytes[8] = 9;
        Packets.Resum(bytes);

        Assert.True(IpPacket.TryParse((byte[])[.. bytes, 0, 0], out IpPacket packet));
        Assert.Equal(IpFamily.V4, packet.Family);
        Assert.Equal((Packets.Peer, Packets.Own), (packet.Source, packet.Destination));
        Assert.Equal((24, 28, IpProtocol.Tcp), (packet.HeaderLength, packet.TotalLength, packet.Protocol));
        Assert.Equal((0xbb, EcnCodepoint.Ce, 9), (packet.TrafficClass, packet.Ecn, packet.HopLimit));
        Assert.Equal((true, 77u, 40, true),
            (packet.IsFragment, packet.FragmentId, packet.FragmentOffset, packet.MoreFragments));
        Assert.Equal(s_text, packet.Payload.ToArray());
        Assert.Equal(bytes, packet.Packet.ToArray());
        Assert.True(packet.HasValidHeader);

        bytes[8]++;
        Assert.True(IpPacket.TryParse(bytes, out packet) && !packet.HasValidHeader);
    }

    [Fact]
    public void A_packet_of_IPv6_is_seen_as_its_header_says() // RFC 8200 §3
    {
        byte[] bytes = Convert.FromHexString(
            "6BB00000" + "0004" + "11" + "09"
            + "20010DB8000000000000000000000001" + "20010DB8000100000000000000020007" + "01020304");

        Assert.True(IpPacket.TryParse((byte[])[.. bytes, 0, 0], out IpPacket packet));
        Assert.Equal(IpFamily.V6, packet.Family);
        Assert.Equal((Source, Destination), (packet.Source, packet.Destination));
        Assert.Equal((40, 44, IpProtocol.Udp), (packet.HeaderLength, packet.TotalLength, packet.Protocol));
        Assert.Equal((0xbb, EcnCodepoint.Ce, 9), (packet.TrafficClass, packet.Ecn, packet.HopLimit));
        Assert.Equal((false, 0u, 0, false),
            (packet.IsFragment, packet.FragmentId, packet.FragmentOffset, packet.MoreFragments));
        Assert.Equal(s_text, packet.Payload.ToArray());
        Assert.Equal(bytes, packet.Packet.ToArray());
        Assert.True(packet.HasValidHeader);
    }

    [Property(MaxTest = 500)]
    public void The_payload_lies_behind_all_extension_headers(bool hasHopByHop, byte[] kinds, byte upper, byte[] text)
    {
        byte last = upper is HopByHop or Routing or Fragment or DestinationOptions ? TcpNext : upper;
        byte[] chosen = [.. kinds.Take(12).Select(kind => (kind & 3) switch
        {
            0 => Routing, 1 => Fragment, _ => DestinationOptions, // fragments of a whole packet (RFC 6946)
        })];
        byte[] order = [.. hasHopByHop ? [HopByHop] : Array.Empty<byte>(), .. chosen, last];
        byte[][] headers = [.. order[..^1].Select((kind, i) => kind == Fragment
            ? FragmentHeader(order[i + 1], 0, more: false)
            : Extension(order[i + 1], 8 * (1 + (i * 37 + text.Length) % 32)))];
        byte[] bytes = Packet(order[0], [.. headers, text]);

        Assert.True(IpPacket.TryParse(bytes, out IpPacket packet));
        Assert.Equal(40 + headers.Sum(header => header.Length), packet.HeaderLength);
        Assert.Equal(last, (byte)packet.Protocol);
        Assert.Equal(text, packet.Payload.ToArray());
        Assert.False(packet.IsFragment);
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(IpPacket.TryParse(bytes.AsSpan(0, length), out _), $"{length} bytes of {bytes.Length}");
        }
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1480, true)]
    [InlineData(1480, false)]
    public void A_fragment_ends_the_walk_and_tells_its_place(int offset, bool more)
    {
        byte[] fragment = FragmentHeader(DestinationOptions, offset, more, id: 0xcafe_f00d);
        byte[] bytes = Packet(Routing, Extension(Fragment, 24), fragment, Extension(TcpNext), s_text);

        Assert.True(IpPacket.TryParse(bytes, out IpPacket packet));
        Assert.Equal((true, 0xcafe_f00du, offset, more),
            (packet.IsFragment, packet.FragmentId, packet.FragmentOffset, packet.MoreFragments));
        Assert.Equal((40 + 24 + 8, IpProtocol.DestinationOptions), (packet.HeaderLength, packet.Protocol));
        Assert.Equal(12, packet.Payload.Length);
    }

    [Fact]
    public void A_header_that_does_not_end_in_the_packet_makes_it_malformed()
    {
        byte[] tooLong = Extension(TcpNext);
        tooLong[1] = 2; // 24 octets, of which 20 are there

        Assert.False(IpPacket.TryParse(Packet(DestinationOptions, tooLong, new byte[12]), out _));
        Assert.True(IpPacket.TryParse(Packet(DestinationOptions, tooLong, new byte[16]), out IpPacket packet));
        Assert.True(packet.Payload.IsEmpty);
        Assert.False(IpPacket.TryParse(Packet(Fragment, new byte[7]), out _));
        Assert.False(IpPacket.TryParse(Packet(Routing), out _));
    }

    [Fact]
    public void Hop_by_hop_options_are_the_first_or_the_packet_is_malformed() // RFC 8200 §4.1
    {
        Assert.True(IpPacket.TryParse(Packet(HopByHop, Extension(Routing), Extension(UdpNext)), out _));
        Assert.False(IpPacket.TryParse(Packet(Routing, Extension(HopByHop), Extension(UdpNext)), out _));
        Assert.False(IpPacket.TryParse(Packet(HopByHop, Extension(HopByHop), Extension(UdpNext)), out _));
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(17, false)]
    [InlineData(8000, false)]
    public void A_chain_without_end_is_malformed(int headers, bool isPacket)
    {
        byte[][] chain = [.. Enumerable.Repeat(Extension(DestinationOptions), headers - 1), Extension(TcpNext)];

        Assert.Equal(isPacket, IpPacket.TryParse(Packet(DestinationOptions, chain), out _));
    }

    [Fact]
    public void No_next_header_and_unknown_ones_are_protocols()
    {
        foreach (byte next in (byte[])[NoNextHeader, 50, 51, 58, 135, 253])
        {
            Assert.True(IpPacket.TryParse(Packet(next, s_text), out IpPacket packet));
            Assert.Equal((next, 40), ((byte)packet.Protocol, packet.HeaderLength));
        }
    }

    [Theory]
    [InlineData(65_536, 65_536, true)]
    [InlineData(65_535, 65_535, false)] // the length field could have said it
    [InlineData(65_536, 65_535, false)] // not all of it is here
    [InlineData(180_000, 180_010, true)]
    [InlineData(uint.MaxValue, 65_536, false)]
    [InlineData(int.MaxValue, 65_536, false)]
    public void A_jumbogram_has_its_length_in_an_option(uint length, int present, bool isPacket) // RFC 2675 §2
    {
        byte[] bytes = Packet(HopByHop, Jumbo(TcpNext, length), new byte[present - 8]);
        bytes[4] = bytes[5] = 0;

        Assert.Equal(isPacket, IpPacket.TryParse(bytes, out IpPacket packet));
        Assert.Equal(isPacket ? (int)length + 40 : 0, packet.Packet.Length);
        Assert.Equal(isPacket ? 48 : 0, packet.HeaderLength);
    }

    [Fact]
    public void A_jumbogram_is_no_fragment() // RFC 2675 §3
    {
        byte[] fragment = [.. FragmentHeader(TcpNext, 8, more: true), .. new byte[69_984]];
        byte[] part = Packet(HopByHop, Jumbo(Fragment, 70_000), fragment);
        part[4] = part[5] = 0;

        Assert.False(IpPacket.TryParse(part, out _));
    }

    [Theory]
    [InlineData("0000c204000186a0", 1, 100_000)]         // as Linux writes it, but for the length
    [InlineData("000001020000c204000186a0000000000000", 2, 100_000)] // behind PadN and Pad1
    [InlineData("0000c203000186a0", 1, 0)]               // of a wrong length
    [InlineData("00000109000186a0", 1, 0)]               // PadN beyond the end
    [InlineData("000000000000000c", 1, 0)]               // a type without a length
    [InlineData("0000c204000186", 1, 0)]                 // cut off
    public void The_option_is_found_among_others_and_never_beyond_the_end(string hex, int units, uint expected)
    {
        byte[] header = Convert.FromHexString(hex);
        header[1] = (byte)(units - 1);
        byte[] whole = header.Length > units * 8 ? header[..(units * 8)] : header;

        Assert.Equal(expected != 0, Ipv6Extensions.TryReadJumboLength(whole, out uint length));
        Assert.Equal(expected, expected != 0 ? length : 0);
    }

    [Theory]
    [InlineData(65_576, 6, true)]
    [InlineData(524_288, 6, true)]
    [InlineData(65_575, 6, false)] // the length field could have said it
    [InlineData(180_000, 17, false)]
    public void A_length_of_zero_is_that_of_what_arrived_if_TCP_was_merged_beyond_the_field(
        int length, byte next, bool isWhole)
    {
        byte[] bytes = Packet(next, new byte[length - 40]);
        bytes[4] = bytes[5] = 0;

        Assert.True(IpPacket.TryParse(bytes, out IpPacket packet));
        Assert.Equal(isWhole ? length : 40, packet.TotalLength);
    }

    [Fact]
    public void A_quote_may_end_where_the_router_pleased_but_not_in_its_headers()
    {
        byte[] bytes = Packet(DestinationOptions, Extension(TcpNext), new byte[1000]);

        Assert.False(IpPacket.TryParseQuote(bytes.AsSpan(0, 39), out _));
        Assert.False(IpPacket.TryParseQuote(bytes.AsSpan(0, 47), out _));
        Assert.True(IpPacket.TryParseQuote(bytes.AsSpan(0, 56), out IpPacket quote));
        Assert.Equal((48, IpProtocol.Tcp, 8), (quote.HeaderLength, quote.Protocol, quote.Payload.Length));
        Assert.True(IpPacket.TryParseQuote((byte[])[.. bytes, 1, 2, 3], out quote));
        Assert.Equal(bytes.Length, quote.TotalLength);
        Assert.True(IpPacket.TryParseQuote(Packets.Ipv4(Packets.Own, Packets.Peer, s_text), out quote));
        Assert.Equal(IpFamily.V4, quote.Family);
    }

    [Property(MaxTest = 2000)]
    public void Random_bytes_never_throw(byte[] random, byte next, DoNotSize<ushort> field)
    {
        byte[] packet = Packet(next, random);
        byte[] wrongLength = [.. packet];
        BinaryPrimitives.WriteUInt16BigEndian(wrongLength.AsSpan(4), (ushort)(field.Item & 127));
        byte[] mutated = [.. packet];
        mutated[field.Item % mutated.Length] ^= next;
        foreach (byte[] bytes in (byte[][])[random, packet, wrongLength, mutated, [0x60, .. random], [0x45, .. random]])
        {
            foreach (bool isQuote in (bool[])[false, true])
            {
                if (isQuote ? IpPacket.TryParseQuote(bytes, out IpPacket read) : IpPacket.TryParse(bytes, out read))
                    Assert.Equal(read.TotalLength, read.HeaderLength + read.Payload.Length);
                else
                    Assert.True(read.Packet.IsEmpty);
            }
        }
    }
}
