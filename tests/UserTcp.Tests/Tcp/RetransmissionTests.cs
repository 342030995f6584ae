using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class RetransmissionTests
{
    private static TcbBench WithSack(int gso = 0, UserTcpLossRecoveryOptions? recovery = null) =>
        TcbBench.Established(TcbBench.Defaults(sack: true, gso: gso, recovery: recovery), "<MSS=1000><SACKOK>");

    [Fact]
    [Rfc("9293 §3.8.1", "MUST-18")]
    [Rfc("9293 §3.8.2", "MUST-19")]
    [Rfc("6298 §3", "R6298-7")]
    [Rfc("6298 §5.5", "R6298-12")]
    public void Timeout_backs_off_and_an_ambiguous_ack_gives_no_sample()
    {
        TcbBench bench = TcbBench.Established();
        TimeSpan smoothed = bench.Report.Rtt.Smoothed;
        bench.Writes(500).Sends("<SEQ=101><CTL=PSH,ACK><LEN=500>");
        double[] waits = new double[4];
        for (int i = 0; i < waits.Length; i++)
        {
            waits[i] = bench.ToDeadline().TotalMilliseconds;
            bench.Sends("<SEQ=101><CTL=PSH,ACK><LEN=500><RETX=1>").Silent();
        }

        Assert.Equal([200, 400, 800, 1600], waits);
        bench.Elapse(TimeSpan.FromSeconds(1)).Arrives("<SEQ=1001><ACK=601><CTL=ACK>");
        Assert.Equal(smoothed, bench.Report.Rtt.Smoothed); // Karn: no sample
        Assert.Equal(4, bench.Report.Backoff); // and the backed-off timeout holds
        bench.Writes(500).Sends("<SEQ=601><CTL=PSH,ACK><LEN=500>").Elapse(TimeSpan.FromMilliseconds(10))
            .Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.Equal(0, bench.Report.Backoff);
        Assert.NotEqual(smoothed, bench.Report.Rtt.Smoothed);
    }

    [Fact]
    [Rfc("6298 §3", "R6298-7")]
    public void Timestamps_give_a_sample_even_for_a_retransmission()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(timestamps: true), "<MSS=1000><TS=7/1000000>");
        bench.Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>");
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=PSH,ACK><LEN=100><TS=1000200/7>").Elapse(TimeSpan.FromMilliseconds(30))
            .Arrives("<SEQ=1001><ACK=201><CTL=ACK><TS=8/1000200>");
        Assert.Equal(TimeSpan.FromMilliseconds(30), bench.Report.Rtt.Latest);
        Assert.Equal(0, bench.Report.Backoff);
    }

    [Fact]
    [Rfc("9293 §3.8.1", "MUST-18")]
    public void Echo_of_an_earlier_transmission_gives_no_sample()
    {
        // The first copy arrived and its ACK was lost: the answer to the fourth echoes the first.
        var recovery = new UserTcpLossRecoveryOptions { UndoSpurious = false };
        TcbBench bench = TcbBench.Established(
            TcbBench.Defaults(timestamps: true, recovery: recovery), "<MSS=1000><TS=7/1000000>");
        TimeSpan timeout = bench.Report.Rtt.Smoothed;
        bench.Writes(100).Sends("<SEQ=101><CTL=PSH,ACK><LEN=100>");
        for (int i = 0; i < 3; i++)
        {
            bench.ToDeadline();
            bench.Sends("<SEQ=101><CTL=PSH,ACK><LEN=100><RETX=1>");
        }

        bench.Elapse(TimeSpan.FromMilliseconds(30)).Arrives("<SEQ=1001><ACK=201><CTL=ACK><TS=8/1000000>");
        Assert.Equal(timeout, bench.Report.Rtt.Smoothed);
        Assert.Equal(3, bench.Report.Backoff);
    }

    [Fact]
    [Rfc("9293 §3.8.1", "MUST-18")]
    [Rfc("6298 §3", "R6298-7")]
    public void Segments_that_waited_behind_a_retransmission_give_no_sample()
    {
        TcbBench bench = TcbBench.Established().Writes(3000);
        bench.Drain();
        TimeSpan smoothed = bench.Report.Rtt.Smoothed;
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>")
            .Elapse(TimeSpan.FromMilliseconds(30)).Arrives("<SEQ=1001><ACK=3101><CTL=ACK>");
        Assert.Equal(smoothed, bench.Report.Rtt.Smoothed);
    }

    [Fact]
    [Rfc("9293 §3.8.2", "MUST-19")]
    [Rfc("5681 §3.1", "R5681-2", "R5681-8")]
    public void Timeout_shrinks_cwnd_to_one_segment_and_slow_start_follows()
    {
        var recovery = new UserTcpLossRecoveryOptions { ForwardRtoRecovery = false };
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(recovery: recovery)).Writes(20_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        Assert.Equal(1000, bench.Report.CongestionWindow);
        Assert.Equal(5000, bench.Report.SlowStartThreshold);
        bench.Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>").Sends("<SEQ=2101><CTL=ACK><LEN=1000><RETX=1>").Silent();
    }

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-20", "SHLD-10", "SHLD-9")]
    public void R1_gives_negative_advice()
    {
        TcbBench bench = TcbBench.Established().Writes(100);
        bench.Drain();
        for (int i = 0; i < 2; i++)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        bench.DidNotSee(Effects.NegativeAdvice);
        bench.ToDeadline();
        bench.Saw(Effects.NegativeAdvice);
    }

    [Fact]
    [Rfc("9293 §3.8.3", "MUST-20", "MUST-21", "SHLD-11")]
    public void R2_ends_the_connection()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(r2: 5)).Writes(100);
        bench.Drain();
        int sent = 0;
        while (bench.Tcb.State == TcpState.Established)
        {
            bench.ToDeadline();
            sent += bench.Drain().Count(plan => plan.IsRetransmission);
        }

        Assert.Equal(5, sent);
        bench.ClosedBy(UserTcpCloseReason.TimedOut);
    }

    [Fact]
    [Rfc("9293 §3.8.3", "SHLD-11")]
    public void Default_r2_is_beyond_100_seconds()
    {
        TcbBench bench = TcbBench.Established().Writes(100);
        bench.Drain();
        Instant start = bench.Now;
        while (bench.Tcb.State == TcpState.Established)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        Assert.InRange((bench.Now - start).TotalSeconds, 100, 2000);
    }

    [Fact]
    public void User_timeout_ends_the_connection()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(userTimeout: TimeSpan.FromSeconds(7))).Writes(100);
        bench.Drain();
        Instant start = bench.Now;
        while (bench.Tcb.State == TcpState.Established)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        Assert.Equal(7, (bench.Now - start).TotalSeconds);
        bench.ClosedBy(UserTcpCloseReason.TimedOut);
    }

    [Fact]
    public void User_timeout_starts_anew_with_progress()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(userTimeout: TimeSpan.FromSeconds(7))).Writes(2000);
        bench.Drain();
        bench.After(TimeSpan.FromSeconds(5));
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").After(TimeSpan.FromSeconds(5)).State(TcpState.Established);
        bench.After(TimeSpan.FromSeconds(3)).State(TcpState.Closed);
    }

    [Fact]
    [Rfc("3042 §2", "R3042-1")]
    [Rfc("5681 §3.1", "R5681-6")]
    [Rfc("5681 §3.2", "R5681-11", "R5681-12", "R5681-22")]
    public void Three_duplicate_acks_bring_a_fast_retransmit_without_sack()
    {
        TcbBench bench = TcbBench.Established().Writes(20_000); // RFC 5681 §3.2, RFC 6582
        Assert.Equal(10, bench.Drain().Count);
        // RFC 3042
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK>").Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>").Silent()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK>").Sends("<SEQ=11101><CTL=ACK><LEN=1000><RETX=0>").Silent();
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK>").Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        Assert.Equal(5000, bench.Report.SlowStartThreshold);
    }

    [Fact]
    [Rfc("6582 §3.2", "R6582-2")]
    public void Partial_ack_sends_the_next_hole_without_sack()
    {
        TcbBench bench = TcbBench.Established().Writes(10_000);
        Assert.Equal(10, bench.Drain().Count);
        for (int i = 0; i < 3; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK>");
        }

        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        bench.Arrives("<SEQ=1001><ACK=3101><CTL=ACK>").Sends("<SEQ=3101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        bench.Arrives("<SEQ=1001><ACK=10101><CTL=ACK>").Silent();
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.Equal(0, bench.Report.BytesInFlight);
    }

    [Fact]
    [Rfc("2018 §5", "R2018-8")]
    [Rfc("6675 §4", "R6675-2", "R6675-3")]
    [Rfc("6675 §5", "R6675-5")]
    public void Sack_finds_all_holes_at_once()
    {
        TcbBench bench = WithSack(recovery: new UserTcpLossRecoveryOptions { Rack = false }).Writes(10_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>").Silent()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=3101-4101,1101-2101>").Silent()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=5101-10101,3101-4101,1101-2101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>")
            .Sends("<SEQ=2101><CTL=ACK><LEN=1000><RETX=1>")
            .Sends("<SEQ=4101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        Assert.Equal(3000, bench.Report.BytesInFlight);
    }

    [Fact]
    [Rfc("6675 §5.1", "R6675-10")]
    public void Sacked_octets_are_not_sent_again_after_a_timeout()
    {
        TcbBench bench = WithSack().Writes(3000);
        Assert.Equal(3, bench.Drain().Count);
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>");
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>")
            .Arrives("<SEQ=1001><ACK=2101><CTL=ACK>").Sends("<SEQ=2101><CTL=PSH,ACK><LEN=1000><RETX=1>").Silent();
    }

    [Fact]
    [Rfc("2018 §5", "R2018-9")]
    [Rfc("2018 §8", "R2018-13")]
    [Rfc("6675 §4", "R6675-1")]
    public void Reneging_receiver_gets_its_octets_again()
    {
        TcbBench bench = WithSack().Writes(3000);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-3101>").Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        bench.ToDeadline();
        bench.Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>")
            .Arrives("<SEQ=1001><ACK=2101><CTL=ACK>").Sends("<SEQ=2101><CTL=PSH,ACK><LEN=1000><RETX=1>");
    }

    [Theory]
    [InlineData("<SACK=50-90>")]
    [InlineData("<SACK=101-2000000>")]
    [InlineData("<SACK=90000-91000>")]
    public void Sack_blocks_outside_the_flight_are_ignored(string sack)
    {
        TcbBench bench = WithSack().Writes(3000);
        bench.Drain();
        bench.Arrives($"<SEQ=1001><ACK=101><CTL=ACK>{sack}").Silent();
        Assert.Equal(3000, bench.Report.BytesInFlight);
    }

    [Fact]
    public void Super_segment_is_split_where_sack_says()
    {
        TcbBench bench = WithSack(gso: 64_000).Writes(10_000);
        bench.Sends("<SEQ=101><CTL=PSH,ACK><LEN=10000><GSO=1000>").Silent()
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=2101-10101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>").Silent()
            .Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(0, bench.Send.Unacknowledged);
    }

    [Fact]
    [Rfc("2018 §5.1", "R2018-10")]
    [Rfc("5681 §2", "R5681-1")]
    public void Flight_never_exceeds_cwnd()
    {
        var random = new Random(3);
        TcbBench bench = WithSack(gso: 16_000).Writes(900_000);
        uint una = 101;
        for (int i = 0; i < 500 && bench.Send.Unacknowledged > 0; i++)
        {
            bench.Drain();
            Assert.True(bench.Report.BytesInFlight <= Math.Max(bench.Report.CongestionWindow, 1000));
            una = Math.Min(bench.LastSeqEnd.Value, una + (uint)random.Next(0, 5) * 1000);
            bench.Elapse(TimeSpan.FromMilliseconds(1)).Arrives($"<SEQ=1001><ACK={una}><CTL=ACK>");
        }
    }

    [Fact]
    [Rfc("9293 §3.8.2", "MUST-19")]
    [Rfc("3465 §2.1", "R3465-1")]
    [Rfc("3465 §2.2", "R3465-2")]
    [Rfc("5681 §3.1", "R5681-2", "R5681-7")]
    [Rfc("5681 §4.3", "R5681-20")]
    public void Slow_start_doubles_and_congestion_avoidance_adds_a_segment()
    {
        TcbBench bench = TcbBench.Established().Writes(1_000_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.Elapse(TimeSpan.FromMilliseconds(5)).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(20_000, bench.Report.CongestionWindow);
        Assert.Equal(20, bench.Drain().Count);
        for (int i = 0; i < 3; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        }

        long threshold = bench.Report.SlowStartThreshold;
        Assert.Equal(10_000, threshold);
        bench.Drain();
        bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        long before = bench.Report.CongestionWindow;
        long acked = 0;
        while (acked < before)
        {
            uint una = bench.LastSeqEnd.Value;
            bench.Drain();
            acked += bench.LastSeqEnd.Value - una;
            bench.Elapse(TimeSpan.FromMilliseconds(5)).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        }

        Assert.Equal(before + 1000, bench.Report.CongestionWindow);
    }

    [Fact]
    public void Unused_window_does_not_grow()
    {
        TcbBench bench = TcbBench.Established();
        for (int i = 0; i < 1000; i++)
        {
            bench.Writes(100);
            bench.Drain();
            bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        }

        Assert.Equal(10_000, bench.Report.CongestionWindow);
    }

    [Fact]
    [Rfc("5681 §4.1", "R5681-13")]
    public void Idle_connection_restarts_with_the_initial_window()
    {
        TcbBench bench = TcbBench.Established().Writes(100_000);
        while (bench.Send.Unacknowledged > 0)
        {
            bench.Drain();
            bench.Elapse(TimeSpan.FromMilliseconds(5)).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
        }

        Assert.True(bench.Report.CongestionWindow > 10_000);
        bench.After(TimeSpan.FromSeconds(10)).Writes(50_000); // RFC 5681 §4.1
        Assert.Equal(10_000, bench.Report.BytesInFlight + bench.Drain().Sum(p => p.PayloadLength));
    }

    [Fact]
    public void Memory_goes_back_with_the_ack_and_the_writer_is_told_at_half()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(sendBuffer: 8000)).Writes(8000);
        bench.Drain();
        bench.Saw(Effects.None).Arrives("<SEQ=1001><ACK=3101><CTL=ACK>").DidNotSee(Effects.Writable);
        bench.Arrives("<SEQ=1001><ACK=5101><CTL=ACK>").Saw(Effects.Writable);
        Assert.Equal(3000, bench.Send.Unacknowledged);
    }

    [Fact]
    [Rfc("9293 §3.8.1", "MAY-4")]
    [Rfc("5681 §3.1", "R5681-4")]
    public void Smaller_path_mtu_cuts_what_is_in_flight_and_keeps_cwnd_in_segments()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(mss: 1460), "<MSS=1460>").Writes(2920);
        Assert.Equal(2, bench.Drain().Count);
        long cwnd = bench.Report.CongestionWindow;
        bench.Tcb.OnPathMtu(1040, new SeqNumber(101), bench.Now);
        Assert.Equal([1000, 460, 1000, 460], bench.Drain().Select(p => p.PayloadLength));
        Assert.Equal(cwnd * 1000 / 1460, bench.Report.CongestionWindow); // RFC 5681 §3.1: the same number, no reduction
        Assert.Equal(0, bench.Report.Counters.FastRecoveries);
    }

    [Fact]
    public void Forged_path_mtu_outside_the_flight_is_ignored()
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(mss: 1460), "<MSS=1460>").Writes(1460);
        bench.Drain();
        bench.Tcb.OnPathMtu(1040, new SeqNumber(101 + 1460), bench.Now);
        bench.Tcb.OnPathMtu(1040, new SeqNumber(100), bench.Now);
        bench.Silent();
        Assert.Equal(1460, bench.Report.SendSegmentSize);
    }

    /// <summary>A laptop that was closed for three hours: pacing would spread a window over them.</summary>
    [Fact]
    public void What_a_machine_slept_is_no_round_trip()
    {
        TcbBench bench = TcbBench.Established().Writes(1000);
        bench.Drain();
        bench.AfterMs(50).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").Writes(1000);
        bench.Drain();
        TimeSpan before = bench.Report.Rtt.Smoothed;
        bench.Elapse(TimeSpan.FromHours(3)).Arrives("<SEQ=1001><ACK=2101><CTL=ACK>");

        Assert.Equal(before, bench.Report.Rtt.Smoothed);
    }
}
