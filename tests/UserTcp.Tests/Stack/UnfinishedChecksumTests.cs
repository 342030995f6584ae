using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>
/// On a link whose senders may leave checksums to hardware that is not there: an unfinished one is taken only from a
/// sender that has finished none.
/// </summary>
public sealed class UnfinishedChecksumTests : IDisposable
{
    private const TcpFlags Text = TcpFlags.Ack | TcpFlags.Psh;
    private const LinkFeatures MayLack = LinkFeatures.ReceiveMayLackChecksum;

    private readonly StackBench _bench = Bench(MayLack);

    public void Dispose() => _bench.Dispose();

    private static StackBench Bench(LinkFeatures features) => new(c => c with
    {
        Link = c.Link with { Features = c.Link.Features | features },
    });

    private static byte[] Packet(TcpFlags flags, uint seq, uint ack = 0, byte[]? text = null) =>
        Packets.Ipv4(Packets.Peer, Packets.Own, StackBench.Segment(flags, seq, ack, text));

    private static byte[] Unfinished(TcpFlags flags, uint seq, uint ack = 0, byte[]? text = null) =>
        UnfinishedSums.Unfinish(Packet(flags, seq, ack, text));

    /// <summary>
    /// A connection whose peer's numbers begin at 1000, by a handshake with finished or unfinished sums.
    /// </summary>
    private (StackConnection Connection, uint Iss) Accept(
        bool finished, StackBench? on = null, UserTcpSynCookieMode cookies = UserTcpSynCookieMode.Never)
    {
        StackBench bench = on ?? _bench;
        StackListener listener = bench.Listen(cookies: cookies);
        bench.HearPacket(finished ? Packet(TcpFlags.Syn, 1000) : Unfinished(TcpFlags.Syn, 1000));
        uint iss = Assert.Single(bench.Pull()).Seq;
        bench.HearPacket(
            finished ? Packet(TcpFlags.Ack, 1001, iss + 1) : Unfinished(TcpFlags.Ack, 1001, iss + 1));
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        return (connection!, iss);
    }

    private void AssertRefused(StackConnection connection, byte[] packet, StackBench? on = null)
    {
        StackBench bench = on ?? _bench;
        (long received, long drops) = (
            connection.Receive.ContiguousEnd, bench.Drops(PacketDropReason.UnfinishedChecksum));
        bench.HearPacket(packet);
        Assert.Equal(PacketDropReason.UnfinishedChecksum, bench.Outcome.Drop);
        Assert.Equal(drops + 1, bench.Drops(PacketDropReason.UnfinishedChecksum));
        Assert.Equal(received, connection.Receive.ContiguousEnd);
        Assert.Empty(bench.Pull());
    }

    private void AssertTaken(StackConnection connection, byte[] packet, int bytes, StackBench? on = null)
    {
        long received = connection.Receive.ContiguousEnd;
        (on ?? _bench).HearPacket(packet);
        Assert.Equal(received + bytes, connection.Receive.ContiguousEnd);
        (on ?? _bench).Pull();
    }

    [Fact, Rfc("9293 §3.1", "MUST-3")]
    public void A_changed_segment_whose_true_checksum_looks_unfinished_is_refused_from_a_sender_that_finishes()
    {
        (StackConnection connection, uint iss) = Accept(finished: true);
        byte[] packet = UnfinishedSums.MakeAmbiguous(Packet(Text, 1001, iss + 1, [1, 2, 3, 4]));
        byte[] changed = [.. packet];
        changed[^1] ^= 8;
        AssertRefused(connection, changed);
        AssertTaken(connection, packet, 4);
    }

    [Fact]
    public void It_is_refused_on_a_connection_that_was_opened_from_here()
    {
        StackConnection connection = _bench.Connect(localPort: 4000);
        uint iss = Assert.Single(_bench.Pull()).Seq;
        _bench.Hear(TcpFlags.Syn | TcpFlags.Ack, 1000, iss + 1, from: 80, to: 4000);
        Assert.Equal(TcpState.Established, connection.Tcb.State);
        _bench.Pull();
        byte[] text = StackBench.Segment(Text, 1001, iss + 1, [1, 2], 80, 4000);
        AssertRefused(connection, UnfinishedSums.Unfinish(Packets.Ipv4(Packets.Peer, Packets.Own, text)));
    }

    [Fact]
    public void A_sender_that_finishes_none_is_heard_and_its_kernel_may_finish_replies()
    {
        (StackConnection connection, uint iss) = Accept(finished: false);
        AssertTaken(connection, Unfinished(Text, 1001, iss + 1, [1, 2, 3]), 3);
        _bench.HearPacket(Packet(TcpFlags.Ack, 1004, iss + 1)); // a bare ACK, as kernels write without a socket
        AssertTaken(connection, Unfinished(Text, 1004, iss + 1, [4]), 1);
        AssertTaken(connection, Unfinished(Text | TcpFlags.Fin, 1005, iss + 1), 0);
        Assert.Equal(TcpState.CloseWait, connection.Tcb.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Its_reset_is_heard_finished_or_not(bool finished)
    {
        (StackConnection connection, uint iss) = Accept(finished: false);
        _bench.HearPacket(finished ? Packet(TcpFlags.Rst, 1001) : Unfinished(TcpFlags.Rst, 1001));
        Assert.Equal(TcpState.Closed, connection.Tcb.State);
        Assert.NotEqual(0u, iss);
    }

    [Theory]
    [InlineData((int)TcpFlags.Rst)]
    [InlineData((int)TcpFlags.Ack)]
    [InlineData((int)(TcpFlags.Ack | TcpFlags.Fin))]
    public void No_kind_of_segment_is_taken_unfinished_from_a_sender_that_finishes(int flags)
    {
        (StackConnection connection, uint iss) = Accept(finished: true);
        AssertRefused(connection, Unfinished((TcpFlags)flags, 1001, iss + 1));
        Assert.Equal(TcpState.Established, connection.Tcb.State);
    }

    [Fact]
    public void The_first_finished_text_tells_that_the_sender_finishes()
    {
        (StackConnection connection, uint iss) = Accept(finished: false);
        AssertTaken(connection, Packet(Text, 1001, iss + 1, [1]), 1);
        AssertRefused(connection, Unfinished(Text, 1002, iss + 1, [2]));
    }

    [Fact]
    public void A_forged_segment_outside_the_window_tells_nothing_of_the_sender()
    {
        (StackConnection connection, uint iss) = Accept(finished: false);
        _bench.HearPacket(Packet(Text, 900_000_000, iss + 1, [1]));
        _bench.HearPacket(Packet(Text, 1000, iss + 1, [1]));
        _bench.HearPacket(Packet(TcpFlags.Syn, 5000));
        _bench.Pull();
        AssertTaken(connection, Unfinished(Text, 1001, iss + 1, [1]), 1);
    }

    [Fact]
    public void A_half_open_connection_remembers_what_its_SYN_had()
    {
        StackListener listener = _bench.Listen();
        _bench.HearPacket(Packet(TcpFlags.Syn, 1000));
        uint iss = Assert.Single(_bench.Pull()).Seq;
        _bench.HearPacket(Unfinished(Text, 1001, iss + 1, [1]));
        Assert.Equal(PacketDropReason.UnfinishedChecksum, _bench.Outcome.Drop);
        Assert.False(_bench.Core.TryAccept(listener, out _));
        _bench.HearPacket(Packet(Text, 1001, iss + 1, [1]));
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        Assert.Equal(1, connection!.Receive.ContiguousEnd);
    }

    [Fact]
    public void A_SYN_begins_a_new_sender()
    {
        _bench.Listen();
        _bench.HearPacket(Packet(TcpFlags.Syn, 1000));
        _bench.Pull();
        _bench.HearPacket(Unfinished(TcpFlags.Syn, 900_000_000)); // of a host that has the port by translation now
        Assert.Equal(PacketDropReason.None, _bench.Outcome.Drop);
        Assert.NotEmpty(_bench.Pull());
    }

    [Fact]
    public void Flows_of_one_address_do_not_judge_each_other()
    {
        (StackConnection connection, uint iss) = Accept(finished: true);
        _bench.HearPacket(UnfinishedSums.Unfinish(Packets.Ipv4(
            Packets.Peer, Packets.Own, StackBench.Segment(TcpFlags.Syn, 1, from: 5001))));
        Assert.Equal(1, _bench.Core.HalfOpenCount);
        _bench.Pull();
        AssertRefused(connection, Unfinished(Text, 1001, iss + 1, [1]));
    }

    [Fact]
    public void A_cookie_remembers_what_its_SYN_had()
    {
        (StackConnection connection, uint iss) = Accept(finished: false, cookies: UserTcpSynCookieMode.Always);
        AssertTaken(connection, Unfinished(Text, 1001, iss + 1, [1]), 1);

        using StackBench other = Bench(MayLack);
        StackListener listener = other.Listen(cookies: UserTcpSynCookieMode.Always);
        other.HearPacket(Packet(TcpFlags.Syn, 1000));
        iss = Assert.Single(other.Pull()).Seq;
        other.HearPacket(Unfinished(Text, 1001, iss + 1, [1]));
        Assert.False(other.Core.TryAccept(listener, out _));
        other.HearPacket(Packet(Text, 1001, iss + 1, [1]));
        Assert.True(other.Core.TryAccept(listener, out connection!));
        other.Pull();
        AssertRefused(connection, Unfinished(Text, 1002, iss + 1, [2]), other);
    }

    [Fact]
    public void What_offloads_have_merged_is_unfinished_also_from_a_sender_that_finishes()
    {
        using StackBench bench = Bench(MayLack | LinkFeatures.ReceiveCoalesces);
        (StackConnection connection, uint iss) = Accept(finished: true, bench);
        AssertTaken(connection, Unfinished(Text, 1001, iss + 1, new byte[2920]), 2920, bench);
        AssertRefused(connection, Unfinished(Text, 3921, iss + 1, new byte[1460]), bench);
        AssertTaken(connection, Packet(Text, 3921, iss + 1, new byte[2920]), 2920, bench); // so it finishes those, too
        AssertRefused(connection, Unfinished(Text, 6841, iss + 1, new byte[2920]), bench);
    }

    [Fact]
    public void A_link_that_merges_nothing_has_no_long_frames_to_trust()
    {
        (StackConnection connection, uint iss) = Accept(finished: true);
        AssertRefused(connection, Unfinished(Text, 1001, iss + 1, new byte[2920]));
    }

    [Fact]
    public void A_packet_that_came_in_fragments_is_finished()
    {
        _bench.Listen();
        byte[] syn = Unfinished(TcpFlags.Syn, 1)[20..];
        _bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, syn[16..], id: 9, fragment: 2));
        _bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, syn[..16], id: 9, fragment: 0x2000));
        Assert.Equal(PacketDropReason.BadChecksum, _bench.Outcome.Drop);
        Assert.Equal(0, _bench.Core.HalfOpenCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_byte_arrives_unchanged_over_a_wire_that_makes_changed_frames_look_unfinished(int seed)
    {
        using var network = new TestNetwork(seed);
        StackConfig Change(StackConfig c) => c with { Link = c.Link with { Features = c.Link.Features | MayLack } };
        TestHost client = network.Add(1, change: Change), server = network.Add(2, change: Change);
        var random = new Random(seed);
        int changed = 0;
        network.Rule = (_, frame) =>
            frame.Length > 100 && random.Next(20) == 0 ? Spoil(frame, random, ref changed) : frame;
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(300_000, 2, 1));
        TransferApp app = client.Connect(new TransferApp(300_000, 1, 2), server, 80);
        network.RunUntil(() => app.IsDone && accepted is { IsDone: true });
        Assert.True(changed > 10);
        Assert.Equal(changed, client.Counters.Drops(PacketDropReason.UnfinishedChecksum)
            + server.Counters.Drops(PacketDropReason.UnfinishedChecksum));
    }

    private static byte[] Spoil(byte[] frame, Random random, ref int changed)
    {
        byte[] packet = UnfinishedSums.Unfinish(frame[14..]);
        packet[random.Next(60, packet.Length)] ^= (byte)(1 << random.Next(8));
        changed++;
        return [.. frame[..14], .. packet];
    }
}
