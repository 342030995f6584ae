using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>A window leaves in bursts, spread over the round trip.</summary>
public sealed class PacingTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void Initial_window_leaves_at_once_and_the_next_spread_over_half_a_round_trip()
    {
        TcbBench bench = Bench().Writes(500_000);
        Assert.Equal(10, bench.Drain().Count);
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(20_000, bench.Report.CongestionWindow);
        Assert.Equal(400_000, bench.Report.PacingRate, tolerance: 1);
        Instant start = bench.Now;
        List<(double Ms, int Octets)> bursts = Bursts(bench, 20_000);

        // 2,000 octets at 400,000 a second: a burst each 5 ms.
        Assert.All(bursts, burst => Assert.Equal(2_000, burst.Octets));
        Assert.Equal(45, bursts[^1].Ms, tolerance: 5);
        Assert.True(bench.Now - start < s_rtt / 2);
    }

    [Fact]
    public void Super_segments_are_no_larger_than_a_burst()
    {
        TcbBench bench = Bench(gso: 64_000).Writes(500_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.All(Bursts(bench, 20_000), burst => Assert.Equal(2_000, burst.Octets));
    }

    [Fact]
    public void Switched_off_all_leaves_at_once()
    {
        TcbBench bench = Bench(pacing: false).Writes(500_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(0, bench.Report.PacingRate);
        Assert.Equal(20, bench.Drain().Count);
    }

    [Fact]
    public void Below_a_millisecond_all_leaves_at_once()
    {
        TcbBench bench = Bench(rtt: TimeSpan.FromMilliseconds(0.9)).Writes(500_000);
        bench.Drain();
        bench.Elapse(TimeSpan.FromMilliseconds(0.9)).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(20, bench.Drain().Count);
    }

    [Fact]
    public void Acks_and_a_lone_fin_do_not_wait_for_the_pace()
    {
        TcbBench bench = Bench().Writes(12_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>").Sends("<SEQ=10101><CTL=ACK><LEN=1000>");
        bench.Sends("<SEQ=11101><CTL=PSH,ACK><LEN=1000>").Silent();
        bench.Arrives("<SEQ=1001><CTL=ACK><LEN=1000>").Sends("<ACK=2001><CTL=ACK>");
        bench.Calls(UserCall.Close).Sends("<SEQ=12101><CTL=FIN,ACK>").Silent();
    }

    [Fact]
    public void What_is_held_back_does_not_start_the_persist_timer()
    {
        TcbBench bench = Bench().Writes(14_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(2, bench.Drain().Count);
        Assert.Equal(5, bench.ToDeadline().TotalMilliseconds, tolerance: 0.1);
        Assert.Equal(2, bench.Drain().Count);
    }

    [Fact]
    public void Window_that_shuts_while_text_is_held_back_is_probed_after_a_timeout()
    {
        TcbBench bench = Bench().Writes(14_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(2, bench.Drain().Count);
        bench.AfterMs(1).Arrives("<SEQ=1001><ACK=12101><CTL=ACK><WND=0>").Silent();
        TimeSpan timeout = bench.Report.RetransmitTimeout;
        Assert.Equal(timeout, bench.ToDeadline());
        bench.Sends("<SEQ=12101><CTL=ACK><LEN=1>").Silent();
    }

    [Fact]
    public void Retransmissions_behind_the_first_leave_at_the_pace()
    {
        TcbBench bench = Bench(sack: true).Writes(500_000);
        bench.Drain();
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Bursts(bench, 20_000);
        bench.Elapse(s_rtt).Arrives("<SEQ=1001><ACK=10101><CTL=ACK><SACK=20101-30101>");
        List<(double Ms, int Octets)> bursts = Bursts(bench, 10_000);

        // The burst that was due meanwhile and its successor, then one each 16.7 ms: 2,000 octets at 120,000 a second.
        Assert.Equal(120_000, bench.Report.PacingRate, tolerance: 1);
        Assert.Equal([4_000, 2_000, 2_000, 2_000], bursts.Select(burst => burst.Octets));
        Assert.Equal(50, bursts[^1].Ms, tolerance: 0.1);
        Assert.Equal(10_000, bench.Report.BytesRetransmitted);
    }

    [Fact]
    public void Sleep_of_the_machine_is_no_round_trip()
    {
        TcbBench bench = Bench().Writes(500_000);
        bench.Drain();
        bench.Elapse(TimeSpan.FromDays(3)).Arrives("<SEQ=1001><ACK=10101><CTL=ACK>");
        Assert.Equal(s_rtt, bench.Report.Rtt.Smoothed);
        Assert.Equal(s_rtt, bench.Report.Rtt.Minimum);
    }

    [Fact]
    [Rfc("5681 §4.1")]
    public void Pause_changes_nothing_where_that_is_switched_off()
    {
        foreach (bool isOn in (bool[])[true, false])
        {
            TcpConfig config = TcbBench.Defaults() with { SlowStartAfterIdle = isOn, Pacing = false };
            TcbBench bench = TcbBench.Established(config).Writes(60_000);
            while (bench.Send.Unacknowledged > 0)
            {
                bench.Drain();
                bench.Arrives($"<SEQ=1001><ACK={bench.LastSeqEnd.Value}><CTL=ACK>");
            }

            long before = bench.Report.CongestionWindow;
            bench.After(TimeSpan.FromSeconds(30)).Writes(60_000).Drain();
            Assert.Equal(isOn ? 10_000 : before, bench.Report.CongestionWindow);
        }
    }

    // A handshake that takes a round trip, so that there is a sample to pace by.
    private static TcbBench Bench(int gso = 0, bool pacing = true, TimeSpan? rtt = null, bool sack = false)
    {
        TcpConfig config = TcbBench.Defaults(gso: gso, sack: sack) with { Pacing = pacing };
        return TcbBench.SynSent(config).Elapse(rtt ?? s_rtt)
            .Arrives($"<SEQ=1000><ACK=101><CTL=SYN,ACK><WND=65535><MSS=1000>{(sack ? "<SACKOK>" : "")}")
            .Sends("<SEQ=101><ACK=1001><CTL=ACK>");
    }

    private static List<(double Ms, int Octets)> Bursts(TcbBench bench, int octets)
    {
        var bursts = new List<(double Ms, int Octets)>();
        Instant start = bench.Now;
        for (int sent = 0; sent < octets;)
        {
            int burst = bench.Drain().Sum(plan => plan.PayloadLength);
            bursts.Add(((bench.Now - start).TotalMilliseconds, burst));
            sent += burst;
            if (sent < octets)
                bench.ToDeadline();
        }

        return bursts;
    }
}
