using System.Buffers.Binary;
using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>What strangers and peers get that may be forged: enough for the honest, too little for an attack.</summary>
public sealed class AnswerLimitTests : IDisposable
{
    private const int Batch = 32;
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_thousand_connects_at_once_to_a_closed_port_are_all_refused() =>
        Assert.Equal(1000, RefusedOf(_bench, 1000));

    [Fact]
    public void However_many_SYNs_are_forged_a_second_the_resets_stay_few()
    {
        var seen = new HashSet<int>();
        for (ulong seed = 0; seed < 20; seed++)
        {
            using var bench = new StackBench(c => c with { Secret = new SipHash(seed, 4) });
            int refused = RefusedOf(bench, 5000);
            Assert.InRange(refused, 1000, 2999);
            Assert.Equal(5000 - refused, bench.Core.Counters.ResetsWithheld);
            seen.Add(refused);
        }

        Assert.True(seen.Count > 15, "The number can be predicted.");
    }

    [Fact]
    public void A_limit_is_told_at_once_and_then_every_ten_seconds_with_its_count()
    {
        using var bench = new StackBench(c => c with { StrangerRepliesPerSecond = 1 });
        RefusedOf(bench, 10);
        Wakeup first = Assert.Single(bench.Wakeups());
        Assert.Equal((WakeupKind.LimitReached, StackLimit.Resets, 1), (first.Kind, first.Limit, first.Count));
        for (int second = 1; second < 10; second++)
        {
            bench.Advance(1);
            RefusedOf(bench, 10);
        }

        Assert.Empty(bench.Wakeups());
        bench.Advance(1);
        RefusedOf(bench, 10);
        Assert.Equal(8 + 9 * 9 + 1, Assert.Single(bench.Wakeups()).Count);
    }

    [Fact]
    public void Withheld_challenges_and_pings_are_counted_and_told_too()
    {
        using var bench = new StackBench(
            c => c with { ChallengeAcksPerConnection = 1, StrangerRepliesPerSecond = 1 });
        StackConnection connection = bench.Established();
        bench.Wakeups();
        for (int i = 0; i < 3; i++)
        {
            bench.Hear(TcpFlags.Syn, 9_000_000, from: StackBench.Port, to: connection.Flow.LocalPort);
            bench.HearPacket(Packets.Ipv4(
                Packets.Peer, Packets.Own, StackBench.Icmp(IcmpType.EchoRequest, 0, 1, []), 1));
        }

        Assert.Equal([StackLimit.ChallengeAcks, StackLimit.IcmpMessages], bench.Wakeups().Select(w => w.Limit));
        Assert.Equal((1, 2), (bench.Core.Challenges.Granted, bench.Core.Challenges.Withheld));
        Assert.Equal(2, bench.Core.Counters.IcmpWithheld);
    }

    [Fact]
    public void A_half_open_connection_has_a_share_of_its_own()
    {
        using var bench = new StackBench(c => c with { ChallengeAcksPerConnection = 2 });
        bench.Listen();
        for (ushort port = 6000; port < 6003; port++)
        {
            bench.Hear(TcpFlags.Syn, 1000, from: port);
            bench.Pull();
            for (int i = 0; i < 10; i++)
            {
                bench.Hear(TcpFlags.Syn, 5000, from: port);
            }

            Assert.Equal(2, bench.Pull().Count);
        }
    }

    [Fact]
    public void A_flood_in_one_TIME_WAIT_leaves_another_its_answers()
    {
        using var bench = new StackBench(c => c with { ChallengeAcksPerSecond = 40 });
        (uint _, uint ack) = EnterTimeWait(bench, 4000);
        EnterTimeWait(bench, 4001);
        for (int i = 0; i < 500; i++)
        {
            bench.Hear(TcpFlags.Ack, 900, ack, from: StackBench.Port, to: 4000);
        }

        bench.Pull();
        bench.Hear(TcpFlags.Ack, 900, ack, from: StackBench.Port, to: 4001);
        Assert.Single(bench.Pull());
    }

    [Fact]
    [Rfc("9293 §3.10.7.4")]
    public void A_port_that_comes_round_is_answered_and_reset_and_connected()
    {
        StackListener listener = _bench.Listen();
        uint iss = _bench.Handshake();
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        _bench.Core.OnUserCall(connection!, UserCall.Close, _bench.Now);
        _bench.Pull();
        _bench.Hear(TcpFlags.Fin | TcpFlags.Ack, 1001, iss + 2);
        _bench.Pull();
        Assert.Equal(1, _bench.Core.TimeWaitCount);

        // No timestamps, and a number below the old ones: as from behind a NAT.
        _bench.Hear(TcpFlags.Syn, 500);
        SentFrame ack = Assert.Single(_bench.Pull());
        Assert.Equal((TcpFlags.Ack, 1002u), (ack.Flags, ack.Ack));
        _bench.Hear(TcpFlags.Rst, ack.Ack);
        Assert.Empty(_bench.Pull());
        Assert.Equal(0, _bench.Core.TimeWaitCount);
        _bench.Hear(TcpFlags.Syn, 500);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(_bench.Pull()).Flags);
    }

    [Fact]
    public void Whatever_resets_are_guessed_in_TIME_WAIT_only_the_exact_number_ends_it()
    {
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            long offset = random.Next(4) switch
            {
                0 => 0,
                1 => random.Next(-10, 10),
                2 => random.Next(-100_000, 100_000),
                _ => random.Next(),
            };
            var scale = new WindowScale(random.Next(15));
            var window = new WireWindow((ushort)random.Next(ushort.MaxValue + 1));
            var state = new TimeWaitState(
                new SeqNumber(500), new SeqNumber(2000), random.Next(2) == 0, 7, 0, window, scale);
            var reset = new TcpSegment
            {
                Seq = new SeqNumber((uint)(2000 + offset)), Flags = TcpFlags.Rst, Text = new byte[random.Next(2)],
            };
            uint size = (window << scale).Bytes;
            TimeWaitVerdict expected = offset == 0 ? TimeWaitVerdict.Forget
                : offset > 0 && offset < size ? TimeWaitVerdict.Reply : TimeWaitVerdict.Drop;
            TimeWaitVerdict actual = state.OnSegmentArrives(
                reset, Packets.Start, random.Next(2) == 0, out SegmentPlan _);
            Assert.True(expected == actual, $"seed {seed}: {actual}, but expected {expected}");
        }
    }

    [Theory]
    [InlineData("<SEQ=1002><CTL=RST>", TcpState.Closed, 0)]
    [InlineData("<SEQ=1003><CTL=RST>", TcpState.TimeWait, 1)]
    [InlineData("<SEQ=900><CTL=RST>", TcpState.TimeWait, 0)]
    [InlineData("<SEQ=1001><ACK=102><CTL=FIN,ACK>", TcpState.TimeWait, 1)]
    public void A_TCB_that_has_just_entered_TIME_WAIT_judges_resets_alike(string text, object state, int answers)
    {
        TcbBench bench = TcbBench.In(TcpState.FinWait2).Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
            .Sends("<SEQ=102><ACK=1002><CTL=ACK>").Arrives(text).State((TcpState)state);
        Assert.Equal(answers, bench.Drain().Count);
        Assert.Equal(UserTcpCloseReason.Graceful, bench.Tcb.CloseReason);
    }

    [Fact]
    public void A_TCB_in_TIME_WAIT_and_the_table_judge_alike()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            TcbBench bench = TcbBench.In(TcpState.FinWait2).Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
                .Sends("<SEQ=102><ACK=1002><CTL=ACK>");
            uint seq = (uint)(1002 + (random.Next(3) == 0 ? 0 : random.Next(-1000, 100_000)));
            var reset = new TcpSegment { Seq = new SeqNumber(seq), Flags = TcpFlags.Rst };
            TimeWaitVerdict verdict = bench.Tcb.DescribeTimeWait()
                .OnSegmentArrives(reset, bench.Now, hasListener: false, out SegmentPlan _);
            bench.Arrives($"<SEQ={seq}><CTL=RST>");
            TimeWaitVerdict own = bench.Tcb.State == TcpState.Closed ? TimeWaitVerdict.Forget
                : bench.Drain().Count == 1 ? TimeWaitVerdict.Reply : TimeWaitVerdict.Drop;
            Assert.True(verdict == own, $"seed {seed}: {own} to {seq}, but {verdict} from the table");
        }
    }

    [Fact]
    public void A_peer_that_is_given_up_behind_its_window_is_counted_and_told()
    {
        StackConnection connection = _bench.Established();
        byte[] shut = StackBench.Segment(
            TcpFlags.Ack, 1001, Seq(connection), from: StackBench.Port, to: connection.Flow.LocalPort);
        BinaryPrimitives.WriteUInt16BigEndian(shut.AsSpan(14), 0);
        _bench.Hear(
            Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, Packets.Ipv4(Packets.Peer, Packets.Own, shut)),
            new FrameOffload { Flags = FrameOffloadFlags.DataValid });
        _bench.Write(connection, 1000);
        for (int minute = 0; minute < 20 && !connection.IsForgotten; minute++)
        {
            for (int i = 0; i < 100; i++)
            {
                _bench.Advance(0.6);
                _bench.Pull();
            }
        }

        Assert.True(connection.IsForgotten);
        Assert.Equal(1, _bench.Core.Counters.WindowProbeTimeouts);
        Assert.Contains(_bench.Wakeups(), w => w.Kind == WakeupKind.LimitReached && w.Limit == StackLimit.WindowProbes);
    }

    [Fact]
    public void Foreign_packets_are_taken_as_long_as_a_listener_for_any_address_is_there()
    {
        StackListener first = _bench.Listen(81, ListenMode.AnyAddress);
        StackListener second = _bench.Listen(82, ListenMode.AnyAddress);
        _bench.Core.CloseListener(first, _bench.Now);
        _bench.Core.CloseListener(first, _bench.Now);
        _bench.Hear(TcpFlags.Syn, 1000, to: 82, destination: Packets.Far);
        Assert.Equal(WakeupKind.Request, Assert.Single(_bench.Wakeups()).Kind);
        _bench.Core.CloseListener(second, _bench.Now);
        _bench.Wakeups();
        _bench.Pull();
        _bench.Hear(TcpFlags.Syn, 1000, to: 82, destination: Packets.Far);
        Assert.Equal(1, _bench.Drops(PacketDropReason.NotForUs));
    }

    private static uint Seq(StackConnection connection) => connection.Tcb.SendNext.Value;

    private static int RefusedOf(StackBench bench, int connects)
    {
        int refused = 0;
        for (int i = 0; i < connects; i++)
        {
            bench.Hear(TcpFlags.Syn, 1, from: (ushort)(10_000 + i));
            if (i % Batch == Batch - 1 || i == connects - 1)
                refused += bench.Pull().Count(frame => (frame.Flags & TcpFlags.Rst) != 0);
        }

        return refused;
    }

    private static (uint Seq, uint Ack) EnterTimeWait(StackBench bench, ushort port)
    {
        StackConnection connection = bench.Established(port);
        bench.Core.OnUserCall(connection, UserCall.Close, bench.Now);
        SentFrame fin = Assert.Single(bench.Pull());
        bench.Hear(TcpFlags.Fin | TcpFlags.Ack, 1001, fin.Seq + 1, from: StackBench.Port, to: port);
        Assert.Single(bench.Pull());
        return (1002, fin.Seq + 1);
    }
}
