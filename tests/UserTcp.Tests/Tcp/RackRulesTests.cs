using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>What time tells of losses, rule by rule (RFC 8985).</summary>
public sealed class RackRulesTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    private static TcbBench InFlight(int segments, UserTcpLossRecoveryOptions? recovery = null)
    {
        TcbBench bench = RackTests.WithRtt(recovery).Writes(segments * 1000);
        Assert.Equal(segments, bench.Drain().Count);
        return bench;
    }

    /// <summary>PRR lets a segment go for every second one that arrives, down to five in flight.</summary>
    [Fact, Rfc("8985 §3.3.2", "R8985-1"), Rfc("8985 §9.3", "R8985-24", "R8985-25")]
    public void In_recovery_what_is_overtaken_is_lost_at_once_and_leaves_when_the_rate_lets_it()
    {
        TcbBench bench = InFlight(10).Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-4101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=5101-6101,1101-4101>").Silent();
        Assert.Equal(1000, bench.Report.BytesLost);
        Assert.Equal(5000, bench.Report.BytesInFlight);
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=5101-8101,1101-4101>")
            .Sends("<SEQ=4101><CTL=ACK><LEN=1000><RETX=1>");
    }

    [Fact, Rfc("8985 §6.2", "R8985-10")]
    public void Ack_that_came_too_soon_to_be_of_a_retransmission_is_of_the_original()
    {
        TcbBench bench = InFlight(10).Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-4101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        bench.AfterMs(10).Arrives("<SEQ=1001><ACK=4101><CTL=ACK>"); // the other six left before the retransmission
        Assert.Equal(0, bench.Report.BytesLost);
        Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
    }

    [Fact, Rfc("8985 §6.3", "R8985-11")]
    public void Timeout_takes_for_lost_the_first_segment_and_what_left_longer_ago_than_a_round_trip()
    {
        TcbBench bench = InFlight(2, new UserTcpLossRecoveryOptions { TailLossProbe = false })
            .AfterMs(250).Writes(1000).Sends("<SEQ=2101><CTL=PSH,ACK><LEN=1000>");
        Assert.Equal(TimeSpan.FromMilliseconds(50), bench.ToDeadline());
        Assert.Equal(1, bench.Report.Counters.Timeouts);
        Assert.Equal(2000, bench.Report.BytesLost);
        Assert.Equal(1000, bench.Report.BytesInFlight);
    }

    [Fact, Rfc("8985 §7.2", "R8985-12"), Rfc("8985 §8", "R8985-22")]
    public void Reordering_timer_takes_the_place_of_the_probes_and_the_timeout_follows()
    {
        TcbBench bench = InFlight(3).Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>");
        Assert.Equal(s_rtt / 4, bench.ToDeadline());
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Silent();
        bench.ToDeadline();
        Assert.Equal((1, 0), (bench.Report.Counters.Timeouts, bench.Report.Counters.TailLossProbes));
    }

    [Fact, Rfc("8985 §7.2", "R8985-14")]
    public void Probe_is_never_later_than_the_timeout()
    {
        TcbBench bench = InFlight(1);
        Assert.Equal(TimeSpan.FromMilliseconds(300), bench.ToDeadline()); // not 2 · 100 + 200
        bench.Sends("<SEQ=101><CTL=PSH,ACK><LEN=1000><RETX=1>");
        Assert.Equal((0, 1), (bench.Report.Counters.Timeouts, bench.Report.Counters.TailLossProbes));
    }

    [Fact, Rfc("8985 §7.3", "R8985-16", "R8985-17")]
    public void New_text_for_which_the_peer_has_no_room_is_no_probe()
    {
        TcbBench bench = RackTests.WithRtt().Arrives("<SEQ=1001><ACK=101><CTL=ACK><WND=5000>").Writes(8000);
        Assert.Equal(5, bench.Drain().Count);
        Assert.Equal(2 * s_rtt, bench.ToDeadline());
        bench.Sends("<SEQ=4101><CTL=ACK><LEN=1000><RETX=1>").Silent();
    }

    [Fact, Rfc("8985 §7.3", "R8985-18")]
    public void Probe_that_is_reported_shows_what_left_before_it_to_be_lost()
    {
        TcbBench bench = InFlight(5);
        bench.ToDeadline();
        bench.Sends("<SEQ=4101><CTL=PSH,ACK><LEN=1000><RETX=1>").Elapse(s_rtt)
            .Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=4101-5101>");
        Assert.Equal(4000, bench.Report.BytesLost);
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(0, bench.Report.Counters.Timeouts);
    }

    [Fact, Rfc("8985 §9.2", "R8985-23")]
    public void Where_time_decides_nothing_is_counted()
    {
        TcbBench bench = InFlight(10).Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>")
            .AfterMs(10).Arrives("<SEQ=1001><ACK=2101><CTL=ACK>"); // the path reorders
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK><SACK=3101-10101>").Silent(); // seven segments above the hole
        Assert.Equal(0, bench.Report.BytesLost);
    }

    [Theory, Rfc("8985 §9.3", "R8985-26")]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    public void Without_the_rate_reduction_the_loss_of_a_retransmission_counts_once_more(bool reduces, int reductions)
    {
        TcbBench bench = InFlight(10, new UserTcpLossRecoveryOptions { ProportionalRateReduction = reduces })
            .Elapse(s_rtt).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-8101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Writes(5000);
        Assert.NotEmpty(bench.AfterMs(1).Drain());
        Assert.Equal(5000, bench.Report.SlowStartThreshold);
        bench.Elapse(s_rtt).Arrives($"<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-{bench.LastSeqEnd.Value}>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(reductions == 2, bench.Report.SlowStartThreshold < 5000);
        Assert.Equal(RecoveryState.Recovery, bench.Report.Recovery);
    }
}
