using FsCheck.Xunit;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using UserTcp.Tests.Wire;
using UserTcp.Wire;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class ReassemblyTests
{
    private const int More = 0x2000;

    private readonly Reassembly _reassembly = new();

    [Property]
    [Rfc("815"), Rfc("791 §3.2")]
    public void Pieces_in_any_order_and_repeated_make_the_datagram(int seed, ushort size, byte options)
    {
        var random = new Random(seed);
        byte[] payload = InternetChecksumTests.Noise(9 + size % 20_000, seed);
        byte[] header = new byte[options % 11 * 4];
        List<byte[]> pieces = Cut(payload, random, header);
        List<byte[]> order = [.. pieces, .. pieces.Where(_ => random.Next(4) == 0)];
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(order));
        if (pieces.Count == 1)
            return;

        byte[] whole = [];
        HashSet<byte[]> seen = [];
        foreach (byte[] piece in order)
        {
            byte[] result = Add(piece, PacketDropReason.None);
            seen.Add(piece);
            Assert.Equal(seen.Count == pieces.Count, result.Length > 0);
            whole = result;
            if (whole.Length > 0)
                break;
        }

        Assert.True(IpPacket.TryParse(whole, out IpPacket packet));
        Assert.True(packet.HasValidHeader);
        Assert.False(packet.IsFragment);
        Assert.Equal((Peer, Own, 77u), (packet.Source, packet.Destination, packet.FragmentId));
        Assert.Equal(20 + header.Length, packet.HeaderLength);
        Assert.Equal(payload, packet.Payload.ToArray());
        Empty();
    }

    [Fact]
    public void Datagrams_that_differ_in_any_of_four_fields_are_kept_apart()
    {
        byte[] first = [.. Enumerable.Repeat((byte)1, 8)];
        Add(Piece(first, 0, more: true, id: 1), PacketDropReason.None);
        Add(Ipv4(Peer, Own, first, 6, 2, 1), PacketDropReason.None);
        Add(Ipv4(Peer, Own, first, 17, 1, 1), PacketDropReason.None);
        Add(Ipv4(Router, Own, first, 6, 1, 1), PacketDropReason.None);
        Add(Ipv4(Peer, Address("192.0.2.9"), first, 6, 1, 1), PacketDropReason.None);
        Assert.Equal(5, _reassembly.Count);

        Assert.Equal(20 + 16, Add(Piece(first, 8, more: false, id: 1), PacketDropReason.None).Length);
        Assert.Equal(4, _reassembly.Count);
    }

    [Theory]
    [InlineData(8, 24)]     // into the second from below
    [InlineData(24, 40)]
    [InlineData(16, 24)]    // inside
    [InlineData(0, 64)]     // around
    [InlineData(16, 40)]
    [InlineData(8, 32)]
    public void An_overlap_costs_the_whole_datagram(int start, int end)
    {
        byte[] payload = InternetChecksumTests.Noise(64);
        Add(Piece(payload[16..32], 16, more: true), PacketDropReason.None);

        Add(Piece(InternetChecksumTests.Noise(end - start, 99), start, more: true), PacketDropReason.FragmentOverlap);

        Empty();
    }

    [Fact]
    public void Teardrop_is_dropped()
    {
        // The second fragment lies inside the first and ends before it.
        Add(Piece(new byte[40], 0, more: true), PacketDropReason.None);
        Add(Piece([9, 9, 9, 9], 24, more: false), PacketDropReason.Malformed);
        Empty();

        Add(Piece(new byte[40], 0, more: true), PacketDropReason.None);
        Add(Piece([.. Enumerable.Repeat((byte)9, 16)], 24, more: false), PacketDropReason.FragmentOverlap);
        Empty();
    }

    [Fact]
    public void A_repetition_changes_nothing_and_a_contradiction_costs_all()
    {
        byte[] payload = InternetChecksumTests.Noise(32);
        Add(Piece(payload[..16], 0, more: true), PacketDropReason.None);
        Add(Piece(payload[..16], 0, more: true), PacketDropReason.None);
        Add(Piece(payload[8..16], 8, more: true), PacketDropReason.None);
        Assert.Equal(1, _reassembly.Count);

        payload[3] ^= 1;
        Add(Piece(payload[..16], 0, more: true), PacketDropReason.FragmentOverlap);
        Empty();
    }

    [Fact]
    public void Two_ends_contradict_each_other()
    {
        Add(Piece(new byte[8], 32, more: false), PacketDropReason.None);
        Add(Piece(new byte[8], 24, more: false), PacketDropReason.Malformed);
        Empty();

        Add(Piece(new byte[8], 32, more: false), PacketDropReason.None);
        Add(Piece(new byte[8], 40, more: true), PacketDropReason.Malformed);
        Empty();
    }

    [Theory, Rfc("3168 §5.3", "R3168-3")]
    [InlineData(2, 3, 2, 3)] // one mark is enough
    [InlineData(1, 1, 3, 3)]
    [InlineData(2, 2, 2, 2)] // the same in all is kept
    [InlineData(1, 1, 1, 1)]
    [InlineData(0, 0, 0, 0)]
    [InlineData(3, 3, 3, 3)]
    public void A_mark_on_any_piece_is_a_mark_on_the_datagram(byte first, byte second, byte third, byte whole)
    {
        Add(Marked(Piece(new byte[8], 8, more: true), second), PacketDropReason.None);
        Add(Marked(Piece(new byte[8], 0, more: true), (byte)(first | 0xb8)), PacketDropReason.None);
        byte[] packet = Add(Marked(Piece(new byte[8], 16, more: false), third), PacketDropReason.None);
        Assert.True(IpPacket.TryParse(packet, out IpPacket header));
        Assert.True(header.HasValidHeader);
        Assert.Equal(whole | 0xb8, header.TrafficClass);
    }

    [Fact, Rfc("3168 §5.3", "R3168-22")]
    public void A_mark_beside_a_piece_that_takes_no_marks_costs_the_datagram()
    {
        Add(Marked(Piece(new byte[8], 0, more: true), 3), PacketDropReason.None);
        Assert.Empty(Add(Marked(Piece(new byte[8], 8, more: false), 0), PacketDropReason.Malformed));
        Empty();
    }

    private static byte[] Marked(byte[] packet, byte trafficClass)
    {
        packet[1] = trafficClass;
        return Resum(packet);
    }

    [Fact]
    public void The_ping_of_death_is_malformed()
    {
        Add(Piece(new byte[1480], 0, more: true), PacketDropReason.None);
        Add(Piece(new byte[400], 65_200, more: false), PacketDropReason.Malformed);
        Empty();

        Add(Piece(new byte[7 * 8], 65_528, more: true), PacketDropReason.Malformed);
        Empty();
    }

    [Fact]
    public void A_datagram_that_only_its_options_make_too_long_is_malformed()
    {
        // The end is possible behind a bare header; the first fragment, which comes last, brings forty octets of
        // options.
        byte[] payload = new byte[65_512];
        Add(Piece(payload[32_000..], 32_000, more: false), PacketDropReason.None);
        Add(Ipv4(Peer, Own, payload[..32_000], 6, 77, More, new byte[40]), PacketDropReason.Malformed);

        Assert.Equal(0, _reassembly.Count);
        _reassembly.TryExpire(At(0), out _);
        Assert.Equal(0, _reassembly.Bytes);
    }

    [Fact]
    public void The_largest_datagram_is_put_together()
    {
        byte[] payload = InternetChecksumTests.Noise(65_515);
        Add(Piece(payload[65_000..], 65_000, more: false), PacketDropReason.None);

        byte[] whole = Add(Piece(payload[..65_000], 0, more: true), PacketDropReason.None);

        Assert.Equal(65_535, whole.Length);
        Assert.Equal(payload, whole[20..]);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(7, true)]
    [InlineData(12, true)]
    public void Impossible_lengths_are_malformed(int length, bool more) =>
        Add(Piece(new byte[length], 8, more), PacketDropReason.Malformed);

    [Fact, Rfc("1122 §3.3.2")]
    public void After_thirty_seconds_the_datagram_is_dropped_and_its_first_fragment_quoted()
    {
        byte[] first = Piece(InternetChecksumTests.Noise(16), 0, more: true);
        Add(first, PacketDropReason.None, At(0));
        Add(Piece(new byte[8], 64, more: true), PacketDropReason.None, At(20));
        Assert.Equal(At(30), _reassembly.NextDeadline);

        Assert.False(_reassembly.TryExpire(At(29.9), out _));
        Assert.True(_reassembly.TryExpire(At(30), out ReadOnlySpan<byte> quote));
        Assert.Equal(first, quote.ToArray());
        Assert.False(_reassembly.TryExpire(At(30), out _));
        Assert.True(_reassembly.NextDeadline.IsNever);
        Empty();
    }

    [Fact, Rfc("1122 §3.3.2")]
    public void Without_the_first_fragment_there_is_nothing_to_quote()
    {
        Add(Piece(new byte[8], 64, more: true), PacketDropReason.None, At(0));

        Assert.True(_reassembly.TryExpire(At(31), out ReadOnlySpan<byte> quote));
        Assert.True(quote.IsEmpty);
        Empty();
    }

    [Fact]
    public void The_sixty_fifth_datagram_takes_the_place_of_the_oldest()
    {
        for (int id = 0; id < 100; id++)
        {
            Add(Piece(new byte[8], 0, more: true, id: (ushort)id), PacketDropReason.None, At(id));
            Assert.InRange(_reassembly.Count, 1, 64);
        }

        Assert.Equal(36, _reassembly.Evicted);
        Assert.Equal(At(36 + 30), _reassembly.NextDeadline);
        Assert.Equal(36, Add(Piece(new byte[8], 8, more: false, id: 50), PacketDropReason.None).Length);
    }

    [Fact]
    public void Memory_is_bounded_and_the_oldest_make_room()
    {
        var reassembly = new Reassembly(new IpLimits { MaxReassemblies = 64, MaxReassemblyBytes = 1 << 20 });
        for (int id = 0; id < 200; id++)
        {
            byte[] piece = Piece(new byte[8], 65_000, more: true, id: (ushort)id);
            Assert.True(IpPacket.TryParse(piece, out IpPacket fragment));
            Assert.Equal(PacketDropReason.None, reassembly.Add(fragment, At(0), out _));
            Assert.InRange(reassembly.Bytes, 1, 1 << 20);
        }

        Assert.True(reassembly.Evicted >= 184);
    }

    [Fact]
    public void A_datagram_larger_than_all_memory_is_refused()
    {
        var reassembly = new Reassembly(new IpLimits { MaxReassemblies = 64, MaxReassemblyBytes = 8192 });
        Assert.True(IpPacket.TryParse(Piece(new byte[8], 60_000, more: true), out IpPacket fragment));

        Assert.Equal(PacketDropReason.FragmentLimit, reassembly.Add(fragment, At(0), out _));
        Assert.Equal((0, 0), (reassembly.Count, reassembly.Bytes));
    }

    [Fact]
    public void A_datagram_of_holes_is_refused()
    {
        PacketDropReason last = PacketDropReason.None;
        int pieces = 0;
        for (; last == PacketDropReason.None && pieces < 4000; pieces++)
        {
            Assert.True(IpPacket.TryParse(Piece(new byte[8], 16 * pieces + 8, more: true), out IpPacket fragment));
            last = _reassembly.Add(fragment, At(0), out _);
        }

        Assert.Equal(PacketDropReason.FragmentLimit, last);
        Assert.Equal(64, pieces);
        Empty();
    }

    [Property(MaxTest = 300)]
    public void Random_fragments_never_throw_and_memory_comes_back(int seed)
    {
        var random = new Random(seed);
        var reassembly = new Reassembly(new IpLimits { MaxReassemblies = 4, MaxReassemblyBytes = 300_000 });
        for (int i = 0; i < 300; i++)
        {
            byte[] payload = new byte[random.Next(0, 40) * (random.Next(8) == 0 ? 7 : 8)];
            int field = random.Next(0, random.Next(4) == 0 ? 0x2000 : 40) | (random.Next(3) == 0 ? 0 : More);
            byte[] bytes = Ipv4(Peer, Own, payload, 6, (ushort)random.Next(6), field, new byte[random.Next(3) * 4]);
            Assert.True(IpPacket.TryParse(bytes, out IpPacket fragment));

            reassembly.Add(fragment, At(i), out ReadOnlySpan<byte> whole);

            Assert.True(whole.IsEmpty || IpPacket.TryParse(whole, out IpPacket made) && made.HasValidHeader);
            Assert.InRange(reassembly.Count, 0, 4);
            Assert.InRange(reassembly.Bytes, 0, 300_000 + 131_072);
        }

        while (reassembly.TryExpire(At(10_000), out _))
        {
        }

        Assert.Equal((0, 0), (reassembly.Count, reassembly.Bytes));
    }

    private static List<byte[]> Cut(byte[] payload, Random random, byte[] options)
    {
        List<byte[]> pieces = [];
        for (int start = 0; start < payload.Length;)
        {
            int units = random.Next(1 + payload.Length / 400, 3 + payload.Length / 100);
            int length = Math.Min(payload.Length - start, 8 * units);
            byte[] header = start == 0 ? options : [];
            int field = start / 8 | (start + length < payload.Length ? More : 0);
            pieces.Add(Ipv4(Peer, Own, payload[start..(start + length)], 6, 77, field, header));
            start += length;
        }

        return pieces;
    }

    private static byte[] Piece(byte[] payload, int offset, bool more, ushort id = 77) =>
        Ipv4(Peer, Own, payload, 6, id, offset / 8 | (more ? More : 0));

    private byte[] Add(byte[] packet, PacketDropReason expected, Instant? now = null)
    {
        Assert.True(IpPacket.TryParse(packet, out IpPacket fragment));
        Assert.Equal(expected, _reassembly.Add(fragment, now ?? At(0), out ReadOnlySpan<byte> whole));
        return whole.ToArray();
    }

    private void Empty()
    {
        _reassembly.TryExpire(At(0), out _);      // what was handed out last is given back at the next call
        Assert.Equal((0, 0), (_reassembly.Count, _reassembly.Bytes));
    }
}
