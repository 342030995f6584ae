using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>The retransmission timer, and what is made of a timeout (RFC 6298, RFC 5682, RFC 4015).</summary>
public sealed class TimeoutRulesTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);
    private static readonly UserTcpLossRecoveryOptions s_noProbe = new() { TailLossProbe = false };

    private static TcbBench InFlight(int segments, bool sack = false, int written = 20_000)
    {
        TcbBench bench = RackTests.WithRtt(s_noProbe, sack).Writes(written);
        Assert.Equal(segments, bench.Drain().Count);
        return bench;
    }

    [Fact, Rfc("6298 §5", "R6298-10", "R6298-11"), Rfc("6928 §9", "R6928-3")]
    public void Timer_starts_with_text_starts_again_with_progress_and_stops_when_all_is_acknowledged()
    {
        TcbBench bench = RackTests.WithRtt(s_noProbe).Writes(1000).Sends("<SEQ=101><CTL=PSH,ACK><LEN=1000>");
        bench.AfterMs(90).Writes(1000).Sends("<SEQ=1101><CTL=PSH,ACK><LEN=1000>");
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        TimeSpan timeout = bench.Report.RetransmitTimeout;
        Assert.Equal(timeout, bench.Tcb.NextDeadline - bench.Now); // of the second no sooner than RTO after it left
        bench.AfterMs(80).Arrives("<SEQ=1001><ACK=2101><CTL=ACK>");
        bench.After(TimeSpan.FromMinutes(1)).Silent();
        Assert.Equal(0, bench.Report.Counters.Timeouts);
    }

    /// <summary>The oldest segment is not sent again before a timeout has passed since it left last.</summary>
    [Fact, Rfc("6298 §5")]
    public void Timer_starts_again_when_the_oldest_segment_is_sent_again()
    {
        TcbBench bench = RackTests.WithRtt(sack: false).Writes(5000);
        bench.Drain();
        bench.AfterMs(50);
        for (int i = 0; i < 3; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=101><CTL=ACK>");
        }

        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(bench.Now + bench.Report.RetransmitTimeout, bench.Tcb.NextDeadline);
    }

    [Fact, Rfc("6298 §3", "R6298-8")]
    public void Every_round_trip_gives_a_sample()
    {
        TcbBench bench = TcbBench.Established();
        for (int ms = 10; ms < 100; ms += 10)
        {
            bench.Writes(3000).Drain();
            bench.Elapse(TimeSpan.FromMilliseconds(ms)).Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd}><CTL=ACK>");
            Assert.Equal(TimeSpan.FromMilliseconds(ms), bench.Report.Rtt.Latest);
        }
    }

    [Theory, Rfc("6298 §5.7", "R6298-13")]
    [InlineData(1)]
    [InlineData(3)]
    public void After_a_repeated_SYN_text_waits_for_three_seconds(int repeated)
    {
        TcbBench bench = TcbBench.SynSent();
        for (int i = 0; i < repeated; i++)
        {
            bench.ToDeadline();
            bench.Sends("<SEQ=100><CTL=SYN><RETX=1>");
        }

        bench.Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000>").Sends("<CTL=ACK>").Writes(10)
            .Sends("<SEQ=101><CTL=PSH,ACK><LEN=10>");
        Assert.Equal(TimeSpan.FromSeconds(3), bench.ToDeadline());
        bench.Sends("<SEQ=101><CTL=PSH,ACK><LEN=10><RETX=1>");
        Assert.Equal(TimeSpan.FromSeconds(6), bench.ToDeadline());
    }

    [Fact, Rfc("6298 §5.7", "R6298-13")]
    public void A_round_trip_that_timestamps_tell_is_better_than_three_seconds()
    {
        TcbBench bench = TcbBench.SynSent(TcbBench.Defaults(timestamps: true));
        bench.ToDeadline();
        bench.Sends("<SEQ=100><CTL=SYN><RETX=1>").Elapse(s_rtt)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000><TS=7/1001000>").Sends("<CTL=ACK>").Writes(10)
            .Sends("<SEQ=101><CTL=PSH,ACK><LEN=10>");
        Assert.Equal(TimeSpan.FromMilliseconds(300), bench.ToDeadline());
    }

    [Fact, Rfc("5682 §2.1", "R5682-3")]
    public void Duplicate_right_after_the_timeout_makes_it_a_true_one()
    {
        TcbBench bench = InFlight(10);
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Arrives("<SEQ=1001><ACK=101><CTL=ACK>")
            .Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>").Sends("<SEQ=2101><CTL=ACK><LEN=1000><RETX=1>").Silent();
    }

    [Fact, Rfc("5682 §2.1", "R5682-9")]
    public void What_is_neither_progress_nor_a_duplicate_decides_nothing()
    {
        TcbBench bench = InFlight(10);
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=60000>")
            .Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>").Sends("<SEQ=11101><CTL=ACK><LEN=1000><RETX=0>").Silent();
    }

    [Theory, Rfc("5682 §2.1", "R5682-4")]
    [InlineData(false)]
    [InlineData(true)]
    public void Timeout_before_the_second_ack_begins_anew(bool sack)
    {
        TcbBench bench = InFlight(10, sack);
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>").Sends("<SEQ=11101><CTL=ACK><LEN=1000><RETX=0>").Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>").Silent().Elapse(s_rtt)
            .Arrives("<SEQ=1001><ACK=2101><CTL=ACK>")
            .Sends("<SEQ=12101><CTL=ACK><LEN=1000><RETX=0>").Sends("<SEQ=13101><CTL=ACK><LEN=1000><RETX=0>").Silent();
    }

    [Theory, Rfc("5682 §2.1", "R5682-5"), Rfc("5682 §3.1", "R5682-7")]
    [InlineData(false)]
    [InlineData(true)]
    public void Timeout_in_fast_recovery_is_a_true_one(bool sack)
    {
        TcbBench bench = InFlight(10, sack).Elapse(s_rtt);
        for (int i = 2; i < 5; i++)
        {
            bench.Arrives($"<SEQ=1001><ACK=101><CTL=ACK>{(sack ? $"<SACK=1101-{i}101>" : "")}");
        }

        bench.Drain();
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        while (bench.Report.Recovery != RecoveryState.Loss)
        {
            bench.ToDeadline();
        }

        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=4101><CTL=ACK>");
        Assert.All(bench.Drain(), plan => Assert.True(plan.IsRetransmission));
    }

    [Fact, Rfc("4015 §3.4", "R4015-4")]
    public void What_the_network_marks_is_not_undone()
    {
        TcpConfig stamped = TcbBench.Defaults(timestamps: true, recovery: s_noProbe);
        TcpConfig config = stamped with { Ecn = UserTcpEcnMode.Active };
        TcbBench bench = TcbBench.EcnSynSent(config).Elapse(s_rtt)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK,ECE><WND=65535><MSS=1000><TS=7/1000000>").Sends("<CTL=ACK>");
        bench.Writes(20_000).Drain();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=988><RETX=1>").Elapse(s_rtt)
            .Arrives("<SEQ=1001><ACK=1089><CTL=ACK,ECE><TS=8/1000100>"); // the first transmission's time
        Assert.Equal(0, bench.Report.Counters.SpuriousRecoveries);
        Assert.Equal(RecoveryState.Loss, bench.Report.Recovery);
        Assert.True(bench.Report.CongestionWindow <= 2000);
    }

    /// <summary>The first retransmission filled the hole; its answer came late, after the second.</summary>
    [Fact, Rfc("3522 §3.2", "R3522-3")]
    public void Answer_to_the_first_of_two_retransmissions_undoes_nothing()
    {
        TcbBench bench = Repeated();
        bench.Arrives("<SEQ=1001><ACK=1089><CTL=ACK><TS=8/1000400>");
        Assert.Equal(0, bench.Report.Counters.SpuriousRecoveries);
        Assert.Equal(RecoveryState.Loss, bench.Report.Recovery);
    }

    [Fact, Rfc("4015 §3.1", "R4015-2", "R4015-3"), Rfc("3522 §3.2", "R3522-2")]
    public void After_two_timeouts_for_nothing_the_window_of_the_first_comes_back()
    {
        TcbBench bench = Repeated();
        bench.Arrives("<SEQ=1001><ACK=1089><CTL=ACK><TS=8/1000100>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.True(bench.Report.CongestionWindow >= 9880);
        Assert.Equal(long.MaxValue, bench.Report.SlowStartThreshold);
    }

    [Fact, Rfc("4015 §3.6", "R4015-5")]
    public void Delay_that_made_a_timeout_spurious_makes_the_next_longer()
    {
        TcbBench bench = InFlight(10);
        bench.ToDeadline(); // 300 ms after they left
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.Equal(2, bench.Drain().Count);
        bench.Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
        bench.Elapse(4 * s_rtt).Arrives("<SEQ=1001><ACK=12101><CTL=ACK>"); // the first new text took as long
        Assert.Equal(4 * s_rtt, bench.Report.Rtt.Smoothed);
        Assert.Equal(2 * s_rtt, bench.Report.Rtt.Variation);
        Assert.Equal(12 * s_rtt, bench.Report.RetransmitTimeout);
    }

    private static TcbBench Repeated()
    {
        TcpConfig config = TcbBench.Defaults(timestamps: true, recovery: s_noProbe) with { BlackHoleDetection = false };
        TcbBench bench = TcbBench.SynSent(config).Elapse(s_rtt)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1000><TS=7/1000000>").Sends("<CTL=ACK>")
            .Writes(20_000);
        Assert.Equal(10, bench.Drain().Count); // at 1000.1 s
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=988><RETX=1><TS=1000400/7>").Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=988><RETX=1><TS=1001000/7>").Silent();
        return bench.Elapse(s_rtt);
    }
}
