using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>Losses by time (RFC 8985 §6) and probes of the tail (§7), on a path of 100 ms.</summary>
public sealed class RackTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    internal static TcbBench WithRtt(
        UserTcpLossRecoveryOptions? recovery = null, bool sack = true, bool timestamps = false)
    {
        string options = "<MSS=1000>" + (sack ? "<SACKOK>" : "") + (timestamps ? "<TS=7/1000000>" : "");
        TcpConfig config = TcbBench.Defaults(sack: sack, timestamps: timestamps, recovery: recovery);
        return TcbBench.SynSent(config).Elapse(s_rtt)
            .Arrives($"<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535>{options}")
            .Sends("<SEQ=101><ACK=1001><CTL=ACK>").State(TcpState.Established);
    }

    private static TcbBench TenInFlight(UserTcpLossRecoveryOptions? recovery = null)
    {
        TcbBench bench = WithRtt(recovery).Writes(10_000);
        Assert.Equal(10, bench.Drain().Count);
        return bench.Elapse(s_rtt);
    }

    /// <summary>The first segment is lost twice; new text, sent after its retransmission, was reported.</summary>
    private static TcbBench LostRetransmission(UserTcpLossRecoveryOptions recovery)
    {
        TcbBench bench = TenInFlight(recovery).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-5101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Writes(5000)
            .AfterMs(10).Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-10101>");
        Assert.NotEmpty(bench.Drain());
        return bench.Elapse(s_rtt).Arrives($"<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-{bench.LastSeqEnd.Value}>");
    }

    [Fact, Rfc("8985 §6.2", "R8985-8", "R8985-9")]
    [Rfc("8985 §3.3.2", "R8985-2")]
    public void Segment_that_is_overtaken_is_waited_for_a_quarter_of_the_round_trip()
    {
        TcbBench bench = TenInFlight().Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>").Silent();
        Assert.Equal(TimeSpan.FromMilliseconds(25), bench.ToDeadline());
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>").Silent();
    }

    [Fact, Rfc("8985 §6.2", "R8985-9")]
    public void Segment_that_comes_within_the_reordering_window_is_not_sent_again()
    {
        TcbBench bench = TenInFlight().Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>").Silent()
            .AfterMs(20).Arrives("<SEQ=1001><ACK=2101><CTL=ACK>").AfterMs(50).Silent();
        Assert.Equal(0, bench.Report.Counters.Retransmits);
        Assert.Equal(10_000 + 1000, bench.Report.CongestionWindow); // for what filled the gap alone
    }

    /// <summary>What arrives out of order is not echoed (RFC 7323 §4.3): the echo is an older one.</summary>
    [Fact, Rfc("8985 §6.2", "R8985-9")]
    public void Retransmission_reported_out_of_order_shows_that_the_one_before_it_was_lost()
    {
        TcbBench bench = WithRtt(timestamps: true).Writes(10_000);
        Assert.NotEmpty(bench.Drain());
        int size = bench.Report.SendSegmentSize;
        uint second = 101 + (uint)size, third = second + (uint)size, end = bench.LastSeqEnd.Value;
        bench.Elapse(s_rtt).Arrives($"<SEQ=1001><ACK=101><CTL=ACK><SACK={third}-{end}><TS=7/1000000>");
        bench.Sends($"<SEQ=101><CTL=ACK><LEN={size}><RETX=1>")
            .AfterMs(30).Sends($"<SEQ={second}><CTL=ACK><LEN={size}><RETX=1>");
        bench.Elapse(s_rtt).Arrives($"<SEQ=1001><ACK=101><CTL=ACK><SACK={second}-{end}><TS=7/1000000>")
            .Sends($"<SEQ=101><CTL=ACK><LEN={size}><RETX=1>");
    }

    [Fact, Rfc("5681 §3.1")]
    public void What_arrives_beyond_a_gap_opens_no_window() => Assert.Equal(
        10_000,
        TenInFlight().Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-3101>").Report.CongestionWindow);

    [Fact, Rfc("8985 §3.3.2", "R8985-1")]
    public void Three_segments_reported_leave_nothing_to_wait_for() =>
        TenInFlight().Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-4101>")
            .Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");

    [Fact, Rfc("8985 §6.2")]
    public void Path_that_reorders_is_waited_for_even_with_many_segments_reported()
    {
        TcbBench bench = TenInFlight().Arrives("<SEQ=1001><ACK=101><CTL=ACK><SACK=1101-2101>")
            .AfterMs(10).Arrives("<SEQ=1001><ACK=2101><CTL=ACK>"); // the first one came late: reordering was seen
        Assert.True(bench.Report.ReorderingSeen);
        bench.Arrives("<SEQ=1001><ACK=2101><CTL=ACK><SACK=3101-8101>").Silent();
        bench.ToDeadline();
        bench.Sends("<SEQ=2101><CTL=ACK><LEN=1000><RETX=1>");
    }

    [Fact, Rfc("8985 §6.2")]
    [Rfc("8985 §4", "R8985-6")]
    public void Retransmission_that_is_lost_is_found_without_a_timeout()
    {
        TcbBench bench = LostRetransmission(new UserTcpLossRecoveryOptions());
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(0, bench.Report.Counters.Timeouts);
    }

    [Fact, Rfc("8985 §6.2")]
    public void Without_rack_a_retransmission_that_is_lost_waits_for_the_timeout()
    {
        TcbBench bench = LostRetransmission(new UserTcpLossRecoveryOptions { Rack = false });
        Assert.DoesNotContain(bench.Drain(), plan => plan.IsRetransmission);
    }

    [Fact, Rfc("8985 §7.2", "R8985-12", "R8985-14")]
    [Rfc("8985 §7.3", "R8985-17")]
    public void Tail_is_probed_after_two_round_trips_by_its_last_segment()
    {
        TcbBench bench = WithRtt().Writes(5000);
        Assert.Equal(5, bench.Drain().Count);
        Assert.Equal(2 * s_rtt, bench.ToDeadline());
        bench.Sends("<SEQ=4101><CTL=PSH,ACK><LEN=1000><RETX=1>").Silent();
        Assert.Equal(1, bench.Report.Counters.TailLossProbes);
        Assert.Equal(0, bench.Report.Counters.Timeouts);
    }

    [Fact, Rfc("8985 §7.3", "R8985-16")]
    public void New_text_is_the_better_probe_and_may_exceed_cwnd_by_a_segment()
    {
        TcbBench bench = WithRtt().Writes(12_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.ToDeadline();
        bench.Sends("<SEQ=10101><CTL=ACK><LEN=1000><RETX=0>").Silent();
    }

    [Fact, Rfc("8985 §7.3", "R8985-15", "R8985-19")]
    public void After_a_probe_comes_the_timeout_and_not_another_probe()
    {
        TcbBench bench = WithRtt().Writes(5000);
        bench.Drain();
        bench.ToDeadline();
        bench.Sends("<SEQ=4101><CTL=PSH,ACK><LEN=1000><RETX=1>");
        Assert.Equal(TimeSpan.FromMilliseconds(300), bench.ToDeadline());
        bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        Assert.Equal(1, bench.Report.Counters.Timeouts);
    }

    [Fact, Rfc("8985 §7.4.2", "R8985-20", "R8985-21")]
    public void Probe_that_repaired_a_loss_reduces_the_window_once()
    {
        TcbBench bench = WithRtt().Writes(5000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=4101><CTL=ACK>");
        long before = bench.Report.CongestionWindow;
        bench.ToDeadline();
        bench.Sends("<SEQ=4101><CTL=PSH,ACK><LEN=1000><RETX=1>").Elapse(s_rtt);
        bench.Writes(1000).Sends("<SEQ=5101><CTL=PSH,ACK><LEN=1000><RETX=0>");
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=6101><CTL=ACK>");
        Assert.True(bench.Report.CongestionWindow < before);
    }

    [Fact, Rfc("8985 §7.4.2", "R8985-20")]
    public void Probe_that_arrived_twice_does_not_reduce_the_window()
    {
        TcbBench bench = WithRtt().Writes(5000);
        bench.Drain();
        long before = bench.Report.CongestionWindow;
        bench.ToDeadline();
        bench.Sends("<SEQ=4101><CTL=PSH,ACK><LEN=1000><RETX=1>").Elapse(s_rtt)
            .Arrives("<SEQ=1001><ACK=5101><CTL=ACK>")
            .Arrives("<SEQ=1001><ACK=5101><CTL=ACK><SACK=4101-5101>");
        Assert.True(bench.Report.CongestionWindow >= before);
    }

    [Fact, Rfc("8985 §4", "R8985-5")]
    public void Without_sack_or_with_the_option_off_nothing_is_probed()
    {
        foreach (TcbBench bench in new[]
        {
            WithRtt(sack: false), WithRtt(new UserTcpLossRecoveryOptions { TailLossProbe = false }),
        })
        {
            bench.Writes(5000).Drain();
            Assert.Equal(TimeSpan.FromMilliseconds(300), bench.ToDeadline());
            bench.Sends("<SEQ=101><CTL=ACK><LEN=1000><RETX=1>");
        }
    }
}
