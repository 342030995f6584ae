using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Frames that are not for us, or not sound, are counted and dropped; checksums follow the policy.</summary>
public sealed class IngressTests : IDisposable
{
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private static byte[] Syn(HostAddress? source = null, HostAddress? destination = null) => Packets.Ipv4(
        source ?? Packets.Peer, destination ?? Packets.Own,
        StackBench.Segment(TcpFlags.Syn, 1, source: source, destination: destination));

    private void AssertDropped(PacketDropReason reason)
    {
        Assert.Equal(1, _bench.Drops(reason));
        Assert.Empty(_bench.Pull());
        Assert.Equal(0, _bench.Core.HalfOpenCount + _bench.Core.ConnectionCount);
    }

    [Fact]
    public void Frames_to_another_station_are_not_for_us()
    {
        _bench.Listen();
        _bench.HearPacket(Syn(), Packets.OtherMac);
        AssertDropped(PacketDropReason.NotForUs);
        Assert.Equal(2, _bench.Core.Counters.FramesReceived); // with the bench's own ARP request
    }

    [Fact]
    public void Packets_to_another_host_are_not_for_us()
    {
        _bench.Listen();
        _bench.HearPacket(Syn(destination: Packets.Far));
        AssertDropped(PacketDropReason.NotForUs);
    }

    [Theory, Rfc("9293 §3.9.2.3", "MUST-57")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("224.0.0.1")]
    public void A_SYN_to_many_is_dropped_in_silence(string destination)
    {
        _bench.Listen();
        _bench.HearPacket(Syn(destination: Packets.Address(destination)), MacAddress.Broadcast);
        AssertDropped(PacketDropReason.BroadcastOrMulticast);
    }

    [Fact, Rfc("9293 §3.9.2.3", "MUST-57")]
    public void A_SYN_to_us_in_a_frame_for_all_is_dropped_in_silence()
    {
        _bench.Listen();
        _bench.HearPacket(Syn(), MacAddress.Broadcast);
        AssertDropped(PacketDropReason.BroadcastOrMulticast);
    }

    [Theory, Rfc("9293 §3.9.2.3", "MUST-63")]
    [InlineData("192.0.2.1")]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    public void A_SYN_from_an_address_that_is_no_single_other_host_is_dropped_in_silence(string source)
    {
        _bench.Listen();
        _bench.HearPacket(Syn(Packets.Address(source)));
        AssertDropped(PacketDropReason.Filtered);
    }

    [Theory]
    [InlineData(0, 80)]
    [InlineData(5000, 0)]
    public void Port_0_is_malformed(ushort from, ushort to)
    {
        _bench.Listen();
        _bench.Hear(TcpFlags.Syn, 1, from: from, to: to);
        AssertDropped(PacketDropReason.Malformed);
        Assert.Equal(1, _bench.Core.Counters.ErrorsReceived);
    }

    [Fact]
    public void A_frame_cut_anywhere_does_no_harm()
    {
        _bench.Listen();
        byte[] frame = Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, Syn());
        for (int length = 0; length < frame.Length; length++)
        {
            _bench.Hear(frame[..length]);
        }

        Assert.Equal(0, _bench.Core.HalfOpenCount);
        Assert.Empty(_bench.Pull());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_bytes_to_us_do_no_harm(int seed)
    {
        _bench.Listen();
        _bench.Established();
        var random = new Random(seed);
        byte[] model = Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, Syn());
        for (int i = 0; i < 20_000; i++)
        {
            byte[] frame = [.. model, .. new byte[random.Next(40)]];
            for (int changes = random.Next(1, 8); changes > 0; changes--)
            {
                frame[random.Next(12, frame.Length)] = (byte)random.Next(256);
            }

            // Let what is behind the checksums be reached, too.
            if (frame.Length > 34 && (frame[14] & 15) == 5)
                Packets.Resum(frame.AsSpan(14).ToArray()).CopyTo(frame, 14);
            _bench.Hear(frame, new FrameOffload { Flags = FrameOffloadFlags.DataValid });
            if (i % 100 == 0)
                _bench.Pull();
        }

        Assert.True(_bench.Core.ConnectionCount <= 1);
    }

    [Theory, Rfc("9293 §3.1", "MUST-3")]
    [InlineData(0, FrameOffloadFlags.None, false, false)]
    [InlineData(0, FrameOffloadFlags.DataValid, false, true)]
    [InlineData(0, FrameOffloadFlags.NeedsChecksum, false, true)]
    [InlineData(0, FrameOffloadFlags.None, true, false)]
    [InlineData(1, FrameOffloadFlags.DataValid, false, false)]
    [InlineData(2, FrameOffloadFlags.None, false, true)]
    public void A_wrong_checksum_is_dropped_unless_the_device_vouches_or_nobody_asks(
        int policy, FrameOffloadFlags flags, bool mayLack, bool accepted)
    {
        using StackBench bench = Bench((ChecksumPolicy)policy, mayLack);
        byte[] packet = Syn();
        packet[20 + 16] ^= 1;
        bench.Hear(Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet), new FrameOffload { Flags = flags });
        Assert.Equal(accepted ? 1 : 0, bench.Core.HalfOpenCount);
        Assert.Equal(accepted ? 0 : 1, bench.Drops(PacketDropReason.BadChecksum));
    }

    [Theory]
    [InlineData(0, true, true)]
    [InlineData(0, false, false)]
    [InlineData(1, true, false)]
    public void A_pseudo_header_sum_is_accepted_where_the_link_says_it_may_occur(
        int policy, bool mayLack, bool accepted)
    {
        using StackBench bench = Bench((ChecksumPolicy)policy, mayLack);
        byte[] packet = Syn();
        TcpSegmentWriter.WritePartialChecksum(packet.AsSpan(20), Packets.Peer, Packets.Own, packet.Length - 20);
        bench.HearPacket(packet);
        Assert.Equal(accepted ? 1 : 0, bench.Core.HalfOpenCount);
    }

    [Theory]
    [InlineData(FrameOffloadFlags.NeedsChecksum, false)]
    [InlineData(0, true)]
    public void A_segment_that_is_longer_than_the_IP_header_can_say_is_taken_as_far_as_the_window_goes(
        FrameOffloadFlags flags, bool mayLack)
    {
        using StackBench bench = Bench(ChecksumPolicy.Auto, mayLack, out StackListener listener);
        uint iss = bench.Handshake();
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        byte[] segment = StackBench.Segment(TcpFlags.Ack, 1001, iss + 1, new byte[180_000]);
        byte[] packet = Packets.Ipv4(Packets.Peer, Packets.Own, segment);
        packet[2] = packet[3] = 0;
        Packets.Resum(packet);
        UnfinishedSums.Unfinish(packet);
        bench.Hear(
            Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet),
            new FrameOffload { Flags = flags, Segmentation = SegmentationOffload.TcpV4, SegmentSize = 1448 });
        Assert.Equal(PacketDropReason.None, bench.Outcome.Drop);
        Assert.Equal(65_535, connection!.Receive.ContiguousEnd);
    }

    /// <summary>A frame that nobody takes, and that is answered no more, was dropped for the limit.</summary>
    [Theory]
    [InlineData(17, PacketDropReason.NoListener)]
    [InlineData(99, PacketDropReason.UnknownProtocol)]
    [InlineData(6, PacketDropReason.NoListener)]
    public void The_outcome_is_the_limit_once_it_is_reached(int protocol, PacketDropReason reason)
    {
        using var bench = new StackBench(c => c with { StrangerRepliesPerSecond = 1 });
        byte[] payload = protocol == 6 ? StackBench.Segment(TcpFlags.Syn, 7) : new byte[8];
        byte[] packet = Packets.Ipv4(Packets.Peer, Packets.Own, payload, (byte)protocol);
        var outcomes = new List<PacketDropReason>();
        for (int i = 0; i < 4; i++)
        {
            bench.HearPacket(packet);
            Assert.Null(bench.Outcome.Connection);
            outcomes.Add(bench.Outcome.Drop);
        }

        int answers = bench.Pull().Count;
        Assert.InRange(answers, 0, 1);
        Assert.All(outcomes.Take(answers), outcome => Assert.Equal(reason, outcome));
        Assert.All(outcomes.Skip(answers), outcome => Assert.Equal(PacketDropReason.RateLimited, outcome));
        Assert.Equal(4, bench.Drops(reason));
        Assert.Equal(4 - answers, bench.Drops(PacketDropReason.RateLimited));
    }

    /// <summary>By seed: the text of a merged segment is taken as far as the window goes, however long it is.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_merged_segment_of_any_length_is_taken(int seed)
    {
        var random = new Random(seed);
        for (int i = 0; i < 30; i++)
        {
            using StackBench bench = Bench(ChecksumPolicy.Auto, mayLack: false, out StackListener listener);
            uint iss = bench.Handshake();
            Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
            int length = random.Next(1, random.Next(2) == 0 ? 70_000 : RxBatch.MaxFrameBytes - 54);
            byte[] segment = StackBench.Segment(TcpFlags.Ack, 1001, iss + 1, new byte[length]);
            byte[] packet = Packets.Ipv4(Packets.Peer, Packets.Own, segment);
            if (packet.Length > 65_535)
                packet[2] = packet[3] = 0;
            bench.Hear(
                Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, Packets.Resum(packet)),
                new FrameOffload { Flags = FrameOffloadFlags.NeedsChecksum, Segmentation = SegmentationOffload.TcpV4 });
            Assert.Equal(Math.Min(length, 65_535), connection!.Receive.ContiguousEnd);
        }
    }

    [Fact]
    public void Fragments_are_put_together_and_then_verified()
    {
        _bench.Listen();
        byte[] segment = StackBench.Segment(TcpFlags.Syn, 1);
        _bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, segment[16..], id: 9, fragment: 2));
        Assert.Equal(0, _bench.Core.HalfOpenCount);
        _bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, segment[..16], id: 9, fragment: 0x2000));
        Assert.Equal(1, _bench.Core.HalfOpenCount);
    }

    [Fact]
    public void Fragments_that_stay_alone_are_dropped_in_time_and_the_sender_is_told()
    {
        _bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, new byte[16], id: 9, fragment: 0x2000));
        _bench.Advance(31);
        Assert.Equal(1, _bench.Drops(PacketDropReason.FragmentTimeout));
        Assert.Contains(_bench.Pull(), f => !f.IsArp && f.IcmpType == IcmpType.TimeExceeded);
    }

    [Fact]
    public void A_layer_3_link_carries_packets_without_a_link_header_and_needs_no_ARP()
    {
        using var bench = new StackBench(
            c => c with { Link = c.Link with { Medium = LinkMedium.Ip } }, knowsPeer: false);
        bench.Listen();
        bench.Hear(Syn(Packets.Far));
        List<SentFrame> sent = bench.Pull();
        byte[] packet = Assert.Single(sent).Bytes;
        Assert.Equal(0x45, packet[0]);
        Assert.Equal(40 + 4, packet.Length); // our MSS option, as the SYN had none
        Assert.Equal(20, sent[0].Offload.ChecksumStart);
    }

    private static StackBench Bench(ChecksumPolicy policy, bool mayLack) => Bench(policy, mayLack, out _);

    private static StackBench Bench(ChecksumPolicy policy, bool mayLack, out StackListener listener)
    {
        LinkFeatures extra = mayLack
            ? LinkFeatures.ReceiveMayLackChecksum | LinkFeatures.ReceiveCoalesces
            : LinkFeatures.None;
        var bench = new StackBench(c => c with
        {
            Checksums = policy,
            Link = c.Link with { Features = c.Link.Features | extra },
        });
        listener = bench.Listen();
        return bench;
    }
}
