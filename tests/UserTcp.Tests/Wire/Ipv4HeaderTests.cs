using FsCheck;
using FsCheck.Xunit;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class Ipv4HeaderTests
{
    // The header that every textbook sums: 45 00 00 73 … with checksum b861.
    private const string Known = "4500007300004000401100000000000000000000";
    private const string Textbook = "450000730000400040" + "11" + "B861" + "C0A80001" + "C0A800C7";

    [Fact]
    public void The_textbook_header_is_read_and_verifies()
    {
        byte[] packet = new byte[0x73];
        Convert.FromHexString(Textbook).CopyTo(packet, 0);

        Assert.True(Ipv4Header.TryParse(packet, out Ipv4Header header));
        Assert.Equal(20, header.HeaderLength);
        Assert.Equal(0x73, header.TotalLength);
        Assert.True(header.DontFragment);
        Assert.False(header.IsFragment);
        Assert.Equal(64, header.TimeToLive);
        Assert.Equal(IpProtocol.Udp, header.Protocol);
        Assert.Equal("192.168.0.1", header.Source.ToString());
        Assert.Equal("192.168.0.199", header.Destination.ToString());
        Assert.True(header.HasValidChecksum);
        Assert.Equal(0x73 - 20, header.Payload.Length);
    }

    [Fact]
    public void Every_flipped_bit_of_the_header_spoils_the_checksum_or_the_structure()
    {
        byte[] packet = new byte[0x73];
        Convert.FromHexString(Textbook).CopyTo(packet, 0);
        for (int bit = 0; bit < 20 * 8; bit++)
        {
            packet[bit / 8] ^= (byte)(1 << (bit & 7));
            Assert.False(Ipv4Header.TryParse(packet, out Ipv4Header header) && header.HasValidChecksum, $"bit {bit}");
            packet[bit / 8] ^= (byte)(1 << (bit & 7));
        }
    }

    [Theory]
    [InlineData(65_536, 6, true)]
    [InlineData(524_288, 6, true)]
    [InlineData(65_535, 6, false)]
    [InlineData(1500, 6, false)]
    [InlineData(20, 6, false)]
    [InlineData(180_000, 17, false)]
    [InlineData(180_000, 1, false)]
    public void A_length_of_zero_is_that_of_what_arrived_if_TCP_was_merged_beyond_the_field(
        int length, byte protocol, bool isPacket)
    {
        byte[] packet = new byte[length];
        Ipv4Header.Write(packet, new Ipv4Fields(default, default, (IpProtocol)protocol, 0));
        Assert.Equal(isPacket, Ipv4Header.TryParse(packet, out Ipv4Header header));
        Assert.Equal(isPacket ? length : 0, isPacket ? header.TotalLength : 0);
        Assert.False(Ipv4Header.TryParse(packet.AsSpan(0, Math.Min(length, 65_535)), out _));
    }

    [Fact]
    public void Frame_padding_behind_the_total_length_is_cut_off()
    {
        byte[] packet = new byte[60];
        Ipv4Header.Write(packet, new Ipv4Fields(default, default, IpProtocol.Tcp, 24));

        Assert.True(Ipv4Header.TryParse(packet, out Ipv4Header header));
        Assert.Equal(4, header.Payload.Length);
    }

    [Fact]
    public void Every_version_but_four_is_refused()
    {
        for (int version = 0; version < 16; version++)
        {
            byte[] packet = Convert.FromHexString(Known);
            packet[3] = 20;
            packet[0] = (byte)(version << 4 | 5);
            Assert.Equal(version == 4, Ipv4Header.TryParse(packet, out _));
        }
    }

    [Fact]
    public void Every_header_length_is_refused_that_is_below_five_words_or_beyond_the_packet()
    {
        for (int words = 0; words < 16; words++)
        {
            byte[] packet = new byte[40];
            packet[0] = (byte)(0x40 | words);
            packet[3] = 40;
            Assert.Equal(words is >= 5 and <= 10, Ipv4Header.TryParse(packet, out _));
        }
    }

    [Fact]
    public void Every_total_length_is_refused_that_is_below_the_header_or_beyond_the_frame()
    {
        byte[] packet = new byte[46];
        packet[0] = 0x46;
        for (int total = 0; total <= ushort.MaxValue; total += total < 100 ? 1 : 997)
        {
            packet[2] = (byte)(total >> 8);
            packet[3] = (byte)total;
            Assert.Equal(total is >= 24 and <= 46, Ipv4Header.TryParse(packet, out _));
        }
    }

    [Fact]
    public void Every_runt_is_refused()
    {
        byte[] packet = Convert.FromHexString(Known);
        packet[3] = 20;
        Assert.True(Ipv4Header.TryParse(packet, out _));
        for (int length = 0; length < 20; length++)
        {
            Assert.False(Ipv4Header.TryParse(packet.AsSpan(0, length), out _), $"{length} bytes");
        }
    }

    [Fact]
    public void Options_are_stepped_over_and_summed()
    {
        byte[] packet = new byte[32];
        packet[0] = 0x47;
        packet[3] = 32;
        packet[20] = 0x94;      // router alert, RFC 2113
        packet[21] = 4;
        ushort sum = InternetChecksum.Complete(InternetChecksum.Sum(packet.AsSpan(0, 28)));
        packet[10] = (byte)(sum >> 8);
        packet[11] = (byte)sum;

        Assert.True(Ipv4Header.TryParse(packet, out Ipv4Header header));
        Assert.True(header.HasValidChecksum);
        Assert.Equal(8, header.Options.Length);
        Assert.Equal(4, header.Payload.Length);
    }

    [Theory]
    [InlineData(0x0000, false, false, 0)]
    [InlineData(0x4000, false, false, 0)]
    [InlineData(0x2000, true, true, 0)]
    [InlineData(0x0001, true, false, 8)]
    [InlineData(0x3fff, true, true, 65528)]
    public void Fragments_are_known_by_offset_and_more(int field, bool isFragment, bool more, int offset)
    {
        byte[] packet = Convert.FromHexString(Known);
        packet[3] = 20;
        packet[6] = (byte)(field >> 8);
        packet[7] = (byte)field;

        Assert.True(Ipv4Header.TryParse(packet, out Ipv4Header header));
        Assert.Equal(isFragment, header.IsFragment);
        Assert.Equal(more, header.MoreFragments);
        Assert.Equal(offset, header.FragmentOffset);
    }

    [Property]
    public void What_is_written_is_read_back(
        DoNotSize<uint> source, DoNotSize<uint> destination, byte ttl, byte trafficClass, ushort id, bool dontFragment)
    {
        var fields = new Ipv4Fields(
            HostAddress.FromV4(source.Item), HostAddress.FromV4(destination.Item), IpProtocol.Icmp, 28)
        {
            TimeToLive = ttl,
            TrafficClass = trafficClass,
            Id = id,
            DontFragment = dontFragment,
        };
        byte[] packet = InternetChecksumTests.Noise(28);

        Ipv4Header.Write(packet, fields);

        Assert.True(Ipv4Header.TryParse(packet, out Ipv4Header header));
        Assert.True(header.HasValidChecksum);
        var read = new Ipv4Fields(header.Source, header.Destination, header.Protocol, header.TotalLength)
        {
            TimeToLive = header.TimeToLive,
            TrafficClass = header.TrafficClass,
            Id = header.Id,
            DontFragment = header.DontFragment,
        };
        Assert.Equal(fields, read);
        Assert.False(header.IsFragment);
    }

    [Property]
    public void Random_bytes_never_throw(byte[] bytes)
    {
        byte[] packet = [0x45, 0, 0, (byte)bytes.Length, .. bytes];
        foreach (byte[] candidate in new[] { bytes, packet })
        {
            if (Ipv4Header.TryParse(candidate, out Ipv4Header header))
            {
                Assert.Equal(header.TotalLength, header.HeaderLength + header.Payload.Length);
                Assert.Equal(header.HeaderLength, 20 + header.Options.Length);
            }

            Assert.True(!Ipv4Header.TryParseQuote(candidate, out Ipv4Header quote) || quote.HeaderLength >= 20);
        }
    }

    [Fact]
    public void A_quote_may_end_where_the_router_pleased()
    {
        byte[] packet = new byte[0x73];
        Convert.FromHexString(Textbook).CopyTo(packet, 0);

        Assert.False(Ipv4Header.TryParseQuote(packet.AsSpan(0, 19), out _));
        Assert.True(Ipv4Header.TryParseQuote(packet.AsSpan(0, 28), out Ipv4Header quote));
        Assert.Equal(8, quote.Payload.Length);
        Assert.True(Ipv4Header.TryParseQuote((byte[])[.. packet, 1, 2, 3], out quote));
        Assert.Equal(0x73, quote.TotalLength);
    }
}
