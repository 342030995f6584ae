using System.Buffers.Binary;
using System.Net;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Wire;

public class InternetChecksumTests
{
    private static readonly byte[] s_noise = Noise(2100);

    [Fact]
    public void The_example_of_RFC_1071_folds_to_ddf2()
    {
        byte[] bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];

        Assert.Equal(0xddf2, InternetChecksum.Fold(InternetChecksum.Sum(bytes)));
        Assert.Equal(0x220d, InternetChecksum.Complete(InternetChecksum.Sum(bytes)));
    }

    [Fact]
    public void Every_length_to_2000_at_every_alignment_equals_the_naive_sum()
    {
        for (int length = 0; length <= 2000; length++)
        {
            for (int start = 0; start < 4; start++)
            {
                ReadOnlySpan<byte> bytes = s_noise.AsSpan((start + length) & 31, length);
                Assert.Equal(Naive(bytes), InternetChecksum.Fold(InternetChecksum.Sum(bytes)));
            }
        }
    }

    [Theory]
    [InlineData(65_535)]
    [InlineData(65_534)]
    [InlineData(64_240)]
    public void The_largest_sums_lose_no_carry(int length)
    {
        byte[] ones = new byte[length];
        Array.Fill(ones, (byte)0xff);

        Assert.Equal(Naive(ones), InternetChecksum.Fold(InternetChecksum.Sum(ones)));
        Assert.Equal(Naive(ones), InternetChecksum.Fold(InternetChecksum.SumScalar(ones, 0)));
    }

    [Fact]
    public void Pieces_sum_to_the_whole_wherever_it_is_cut()
    {
        ReadOnlySpan<byte> whole = s_noise.AsSpan(3, 321);
        ushort expected = Naive(whole);
        for (int cut = 0; cut <= whole.Length; cut++)
        {
            ulong first = InternetChecksum.Sum(whole[..cut]);
            ulong both = int.IsOddInteger(cut)
                ? InternetChecksum.SumAtOddOffset(whole[cut..], first)
                : InternetChecksum.Sum(whole[cut..], first);
            Assert.Equal(expected, InternetChecksum.Fold(both));
        }
    }

    [Fact]
    public void The_pseudo_header_of_IPv4_is_the_one_drawn_in_the_RFC()
    {
        byte[] drawn = [192, 0, 2, 1, 198, 51, 100, 200, 0, 6, 0x12, 0x34];

        ulong sum = InternetChecksum.PseudoHeader(
            HostAddress.From(IPAddress.Parse("192.0.2.1")),
            HostAddress.From(IPAddress.Parse("198.51.100.200")),
            IpProtocol.Tcp,
            0x1234);

        Assert.Equal(Naive(drawn), InternetChecksum.Fold(sum));
    }

    [Fact]
    public void The_pseudo_header_of_IPv6_is_forty_octets_with_a_32_bit_length()
    {
        IPAddress source = IPAddress.Parse("2001:db8::1:ff02");
        IPAddress destination = IPAddress.Parse("fe80:1234:5678:9abc:def0::7");
        byte[] drawn = [.. source.GetAddressBytes(), .. destination.GetAddressBytes(), 0, 1, 0x23, 0x45, 0, 0, 0, 6];

        ulong sum = InternetChecksum.PseudoHeader(
            HostAddress.From(source), HostAddress.From(destination), IpProtocol.Tcp, 0x12345);

        Assert.Equal(Naive(drawn), InternetChecksum.Fold(sum));
    }

    [Fact, Rfc("9293 §3.1", "MUST-2", "MUST-3")]
    public void A_written_segment_verifies_and_no_single_bit_may_flip()
    {
        HostAddress from = HostAddress.FromV4(0xc0000201);
        HostAddress to = HostAddress.FromV4(0xc6336401);
        byte[] segment = new byte[20 + 33];
        byte[] text = s_noise[..33];
        TcpSegmentWriter.WriteHeader(
            segment, 1, 2, new SeqNumber(3), new SeqNumber(4), TcpFlags.Ack, new WireWindow(5), 0, default);
        text.CopyTo(segment, 20);
        TcpSegmentWriter.WriteChecksum(segment.AsSpan(0, 20), from, to, text.AsSpan(0, 11), text.AsSpan(11));

        Assert.True(InternetChecksum.IsTransportValid(from, to, IpProtocol.Tcp, segment));
        Assert.False(InternetChecksum.IsTransportValid(from, HostAddress.FromV4(0xc6336402), IpProtocol.Tcp, segment));
        for (int bit = 0; bit < segment.Length * 8; bit++)
        {
            segment[bit / 8] ^= (byte)(1 << (bit & 7));
            Assert.False(InternetChecksum.IsTransportValid(from, to, IpProtocol.Tcp, segment), $"bit {bit}");
            segment[bit / 8] ^= (byte)(1 << (bit & 7));
        }
    }

    [Fact]
    public void A_partial_checksum_is_finished_by_summing_the_segment()
    {
        HostAddress from = HostAddress.FromV4(0xc0000201);
        HostAddress to = HostAddress.FromV4(0xc6336401);
        byte[] segment = new byte[20 + 100];
        s_noise.AsSpan(0, 100).CopyTo(segment.AsSpan(20));
        TcpSegmentWriter.WriteHeader(
            segment, 80, 4000, new SeqNumber(9), new SeqNumber(4), TcpFlags.Ack, new WireWindow(5), 0, default);
        TcpSegmentWriter.WritePartialChecksum(segment, from, to, segment.Length);

        ushort finished = InternetChecksum.Complete(InternetChecksum.Sum(segment));
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(TcpSegment.ChecksumOffset), finished);

        Assert.True(InternetChecksum.IsTransportValid(from, to, IpProtocol.Tcp, segment));
    }

    internal static ushort Naive(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)(bytes[i] << 8 | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)sum;
    }

    internal static byte[] Noise(int length, int seed = 7)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
