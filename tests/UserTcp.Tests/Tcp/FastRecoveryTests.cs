using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>Losses found by counting: RFC 5681, RFC 3042 and RFC 6582 without SACK, RFC 6675 with it.</summary>
public sealed class FastRecoveryTests
{
    private const string Duplicate = "<SEQ=1001><ACK=101><CTL=ACK>";

    private static TcbBench InFlight(int written = 10_000)
    {
        TcbBench bench = TcbBench.Established().Writes(written);
        Assert.Equal(10, bench.Drain().Count);
        return bench;
    }

    private static TcbBench Counting(int written = 10_000)
    {
        var recovery = new UserTcpLossRecoveryOptions { Rack = false, ForwardRtoRecovery = false };
        TcbBench bench = RackTests.WithRtt(recovery).Writes(written);
        Assert.Equal(10, bench.Drain().Count);
        return bench.Elapse(TimeSpan.FromMilliseconds(100));
    }

    private static TcbBench Recovering(int written = 10_000)
    {
        TcbBench bench = InFlight(written).Arrives(Duplicate).Arrives(Duplicate).Arrives(Duplicate);
        Assert.True(bench.Drain()[0].IsRetransmission);
        return bench;
    }

    [Fact, Rfc("3042 §2", "R3042-1", "R3042-2")]
    public void First_two_duplicates_let_new_text_out_and_leave_the_window_alone()
    {
        TcbBench bench = InFlight(20_000);
        bench.Arrives(Duplicate).Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>").Silent()
            .Arrives(Duplicate).Sends("<SEQ=11101><CTL=ACK><LEN=1000><RETX=0>").Silent();
        Assert.Equal(10_000, bench.Report.CongestionWindow);
    }

    [Fact, Rfc("3042 §2", "R3042-1")]
    public void Duplicates_let_nothing_out_for_which_the_peer_has_no_room()
    {
        TcbBench bench = TcbBench.Established(window: 10_000).Writes(20_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.Arrives(Duplicate).Silent().Arrives(Duplicate).Silent();
    }

    [Theory, Rfc("3042 §2", "R3042-3")]
    [InlineData(true)]
    [InlineData(false)]
    public void With_sack_duplicates_that_report_nothing_let_nothing_out(bool rack)
    {
        TcbBench bench = RackTests.WithRtt(new UserTcpLossRecoveryOptions { Rack = rack }).Writes(20_000);
        Assert.Equal(10, bench.Drain().Count);
        for (int i = 0; i < 20; i++)
        {
            bench.Arrives(Duplicate).Silent();
        }

        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
    }

    [Fact, Rfc("6582 §3.2", "R6582-2")]
    public void Partial_ack_takes_what_it_covers_from_the_window_and_adds_a_segment()
    {
        TcbBench bench = InFlight(40_000);
        for (int i = 0; i < 9; i++)
        {
            bench.Arrives(Duplicate);
            bench.Drain();
        }

        bench.Arrives("<SEQ=1001><ACK=4101><CTL=ACK>").Sends("<SEQ=4101><CTL=ACK><LEN=1000><RETX=1>");
        bench.Drain();

        // Of ssthresh and nine that left, four were acknowledged and one is added: eleven at most are outstanding.
        Assert.InRange(bench.LastSeqEnd - new SeqNumber(4101), 1, (5 + 9 - 4 + 1) * 1000);
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
    }

    /// <summary>Ten are outstanding. The sixth that left makes room beside the five of ssthresh.</summary>
    [Fact, Rfc("5681 §3.2", "R5681-19")]
    public void Each_further_duplicate_makes_room_for_a_segment()
    {
        TcbBench bench = Recovering(40_000);
        var sent = new List<int>();
        for (int i = 4; i <= 10; i++)
        {
            sent.Add(bench.AfterMs(5).Arrives(Duplicate).Drain().Sum(plan => plan.PayloadLength));
        }

        Assert.Equal([0, 0, 1000, 1000, 1000, 1000, 1000], sent);
    }

    [Fact, Rfc("6582 §3.2", "R6582-5")]
    public void First_partial_ack_starts_the_timer_anew()
    {
        TcbBench bench = Recovering().AfterMs(100).Arrives("<SEQ=1001><ACK=3101><CTL=ACK>")
            .Sends("<SEQ=3101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(bench.Report.RetransmitTimeout, bench.Tcb.NextDeadline - bench.Now);
    }

    [Fact, Rfc("6582 §3.2", "R6582-3"), Rfc("6937 §3", "R6937-4")]
    [Rfc("5681 §4.3", "R5681-20")]
    public void Full_ack_ends_recovery_with_the_window_at_the_threshold()
    {
        TcbBench bench = Recovering().Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.Equal((5000, 5000), (bench.Report.CongestionWindow, bench.Report.SlowStartThreshold));

        bench = RackTests.WithRtt().Writes(10_000);
        bench.Drain();
        bench.AfterMs(100).Arrives($"{Duplicate}<SACK=1101-8101>");
        bench.Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.Equal((5000, 5000), (bench.Report.CongestionWindow, bench.Report.SlowStartThreshold));
    }

    [Fact, Rfc("6582 §3.2", "R6582-1", "R6582-4")]
    public void Duplicates_after_a_timeout_or_of_needless_retransmissions_start_no_recovery()
    {
        TcbBench bench = InFlight(10_000);
        bench.ToDeadline();
        bench.Drain();
        bench.AfterMs(50).Arrives("<SEQ=1001><ACK=5101><CTL=ACK>");
        bench.Drain();
        for (int i = 0; i < 5; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=5101><CTL=ACK>");
        }

        Assert.Equal(0, bench.Report.Counters.FastRecoveries);
        bench.Drain();
        bench.Arrives("<SEQ=1001><ACK=10101><CTL=ACK>").Writes(5000);
        bench.Drain();
        for (int i = 0; i < 5; i++)
        {
            bench.Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        }

        Assert.Equal(0, bench.Report.Counters.FastRecoveries);
        Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
    }

    [Fact, Rfc("5681 §3.1", "R5681-5")]
    public void Threshold_begins_as_high_as_can_be() =>
        Assert.Equal(long.MaxValue, TcbBench.Established().Report.SlowStartThreshold);

    /// <summary>Two are lost. Each report takes more out of the pipe, and makes room for the next.</summary>
    [Fact, Rfc("6675 §4", "R6675-2", "R6675-3", "R6675-4"), Rfc("6675 §5", "R6675-5", "R6675-9")]
    public void What_is_lost_leaves_lowest_first_as_the_pipe_lets_it_and_new_text_follows()
    {
        TcbBench bench = Counting(30_000);
        bench.Arrives($"{Duplicate}<SACK=2101-5101>").Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(10_000 - 3000 - 2000 + 1000, bench.Report.BytesInFlight);
        bench.Arrives($"{Duplicate}<SACK=2101-8101>").Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>");
        bench.Arrives($"{Duplicate}<SACK=2101-10101>").Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>");
    }

    [Fact, Rfc("6675 §5", "R6675-6")]
    public void Progress_begins_the_count_of_duplicates_anew()
    {
        TcbBench bench = InFlight(30_000);
        for (uint ack = 1101; ack < 6000; ack += 1000)
        {
            bench.Arrives($"<SEQ=1001><ACK={ack}><CTL=ACK>").Arrives($"<SEQ=1001><ACK={ack}><CTL=ACK>")
                .Arrives($"<SEQ=1001><ACK={ack}><CTL=ACK>");
            Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
        }
    }

    [Fact, Rfc("6675 §5", "R6675-7", "R6675-8", "R6675-14")]
    public void Recovery_ends_at_its_point_and_what_was_reported_beyond_it_is_kept()
    {
        TcbBench bench = Counting(30_000);
        bench.Arrives($"{Duplicate}<SACK=1101-9101>");
        bench.Drain();
        Assert.Equal(5000, bench.Report.SlowStartThreshold);
        SeqNumber end = bench.LastSeqEnd; // new text left, too
        Assert.True(end > new SeqNumber(11_101));
        bench.AfterMs(100).Arrives($"<SEQ=1001><ACK=10101><CTL=ACK><SACK=11101-{end}>");
        Assert.Equal(RecoveryState.Disorder, bench.Report.Recovery);
        Assert.Equal(end - new SeqNumber(11_101), bench.Report.BytesSacked);
    }

    [Fact, Rfc("6675 §5.1", "R6675-11")]
    public void After_a_timeout_reports_start_no_recovery_before_all_that_was_out_is_acknowledged()
    {
        TcbBench bench = Counting();
        while (bench.Report.Counters.Timeouts == 0)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        bench.AfterMs(50).Arrives($"{Duplicate}<SACK=1101-9101>");
        bench.Drain();
        Assert.Equal(RecoveryState.Loss, bench.Report.Recovery);
        Assert.Equal(0, bench.Report.Counters.FastRecoveries);
    }

    /// <summary>An ACK that a later one overtook: its block lies below SND.UNA, and tells of no duplicate.</summary>
    [Fact, Rfc("2883 §5", "R2883-5")]
    public void Block_of_an_old_ack_is_no_report_of_a_duplicate()
    {
        TcbBench bench = RackTests.WithRtt().Writes(20_000);
        bench.Drain();
        bench.AfterMs(100).Arrives("<SEQ=1001><ACK=1101><CTL=ACK><SACK=2101-5101>")
            .Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>");
        bench.Drain();
        bench.AfterMs(5).Arrives("<SEQ=1001><ACK=5101><CTL=ACK>")
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>");
        Assert.Equal(0, bench.Report.Counters.SpuriousRecoveries);
        bench.Arrives("<SEQ=1001><ACK=5101><CTL=ACK><SACK=1101-2101>"); // this one is
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
    }
}
