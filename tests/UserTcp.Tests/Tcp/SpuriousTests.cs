using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>Timeouts and recoveries that were for nothing: F-RTO, Eifel, D-SACK.</summary>
public sealed class SpuriousTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    /// <summary>Ten segments, a timeout, and the first one sent again.</summary>
    private static TcbBench TimedOut(
        UserTcpLossRecoveryOptions? recovery = null, bool sack = false, bool timestamps = false)
    {
        var withoutProbe = (recovery ?? new UserTcpLossRecoveryOptions()) with { TailLossProbe = false };
        TcbBench bench = RackTests.WithRtt(withoutProbe, sack, timestamps).Writes(20_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.ToDeadline();
        return bench.Sends($"<SEQ=101><CTL=ACK><LEN={(timestamps ? 988 : 1000)}><RETX=1>").Silent();
    }

    [Fact, Rfc("5682 §2.1", "R5682-1", "R5682-2")]
    [Rfc("4015 §2", "R4015-1")]
    [Rfc("4015 §3.1", "R4015-6")]
    public void Timeout_is_spurious_if_what_was_not_sent_again_is_acknowledged()
    {
        TcbBench bench = TimedOut().Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>").Sends("<SEQ=11101><CTL=ACK><LEN=1000><RETX=0>").Silent()
            .Arrives("<SEQ=1001><ACK=2101><CTL=ACK>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.True(bench.Report.CongestionWindow >= 10_000);
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
        Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
    }

    [Fact, Rfc("5682 §2.1", "R5682-3")]
    public void Timeout_is_a_true_one_if_a_duplicate_follows()
    {
        TcbBench bench = TimedOut().Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.Equal(2, bench.Drain().Count);
        bench.Arrives("<SEQ=1001><ACK=1101><CTL=ACK>").Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.Equal(RecoveryState.Loss, bench.Report.Recovery);
        bench.ToDeadline();
        Assert.True(bench.Drain()[0].IsRetransmission);
    }

    [Fact, Rfc("5682 §2.1")]
    public void Without_new_text_what_was_lost_is_sent_again()
    {
        TcbBench bench = RackTests.WithRtt(sack: false).Writes(5000);
        bench.Drain();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>").Sends("<SEQ=2101><CTL=ACK><LEN=1000><RETX=1>").Silent();
    }

    /// <summary>Text that was lost is sent again in place of new text: from here on nothing tells the two apart.</summary>
    [Fact, Rfc("5682 §2.1")]
    public void Without_new_text_the_timeout_is_taken_for_a_true_one()
    {
        TcbBench bench = RackTests.WithRtt(new UserTcpLossRecoveryOptions { TailLossProbe = false }, sack: true)
            .Writes(5000);
        bench.Drain();
        bench.ToDeadline();
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>");
        Assert.All(bench.Drain(), plan => Assert.True(plan.IsRetransmission));
        bench.Arrives("<SEQ=1001><ACK=1101><CTL=ACK><SACK=4101-5101>");
        Assert.Equal(RecoveryState.Loss, bench.Report.Recovery);
        Assert.Equal(0, bench.Report.Counters.SpuriousRecoveries);
    }

    [Fact, Rfc("5682 §3.1", "R5682-6")]
    public void With_sack_a_report_of_what_was_not_sent_again_is_enough()
    {
        TcbBench bench = TimedOut(sack: true).Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>");
        Assert.Equal(RecoveryState.Disorder, bench.Report.Recovery);
        Assert.True(bench.Report.CongestionWindow >= 10_000);
    }

    [Fact, Rfc("5682 §2.1")]
    public void Switched_off_the_rest_is_sent_again_after_a_timeout() =>
        TimedOut(new UserTcpLossRecoveryOptions { ForwardRtoRecovery = false })
            .Elapse(s_rtt).Arrives("<SEQ=1001><ACK=1101><CTL=ACK>")
            .Sends("<SEQ=1101><CTL=ACK><LEN=1000><RETX=1>").Sends("<SEQ=2101><CTL=ACK><LEN=1000><RETX=1>").Silent();

    [Fact, Rfc("3522 §3.2", "R3522-1", "R3522-2")]
    [Rfc("4015 §2", "R4015-1")]
    public void Echo_of_the_first_transmission_undoes_a_timeout()
    {
        // The ten segments left at 1000.1 s: the peer echoes that, not the retransmission's 1000.4 s.
        TcbBench bench = TimedOut(timestamps: true).Elapse(s_rtt)
            .Arrives("<SEQ=1001><ACK=1089><CTL=ACK><TS=8/1000100>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.True(bench.Report.CongestionWindow >= 9880);
        Assert.Equal(0, bench.Report.Backoff);
        Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
    }

    [Fact, Rfc("3522 §3.2", "R3522-2")]
    public void Echo_of_the_retransmission_undoes_nothing()
    {
        TcbBench bench = TimedOut(timestamps: true).Elapse(s_rtt)
            .Arrives("<SEQ=1001><ACK=1089><CTL=ACK><TS=8/1000400>");
        Assert.Equal(RecoveryState.Loss, bench.Report.Recovery);
        Assert.Equal(0, bench.Report.Counters.SpuriousRecoveries);
    }

    [Fact, Rfc("3708 §3")]
    public void Recovery_is_undone_when_every_retransmission_is_reported_as_a_duplicate()
    {
        TcbBench bench = RackTests.WithRtt().Writes(20_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-4101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        long threshold = bench.Report.SlowStartThreshold;
        bench.Drain();
        bench.AfterMs(5).Arrives("<SEQ=1001><ACK=4101><CTL=ACK>");
        bench.Arrives("<SEQ=1001><ACK=4101><CTL=ACK><SACK=101-1101>");
        Assert.Equal(RecoveryState.Open, bench.Report.Recovery);
        Assert.True(bench.Report.SlowStartThreshold > threshold);
        Assert.True(bench.Report.ReorderingSeen); // what came was late: the next time it is waited for
        Assert.Equal(1, bench.Report.Counters.SpuriousRecoveries);
    }

    [Fact, Rfc("3708 §3")]
    public void Switched_off_nothing_is_undone()
    {
        TcbBench bench = RackTests.WithRtt(new UserTcpLossRecoveryOptions { UndoSpurious = false }).Writes(20_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-4101>");
        bench.Drain();
        bench.AfterMs(5).Arrives("<SEQ=1001><ACK=4101><CTL=ACK><SACK=101-1101>");
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
        Assert.Equal(0, bench.Report.Counters.SpuriousRecoveries);
    }
}
