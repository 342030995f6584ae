using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

public sealed class CubicTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    private static ControllerBench Bench(TimeSpan? rtt = null, bool usesHyStart = false) =>
        new(new Cubic(ControllerBench.Segment, 10 * ControllerBench.Segment, usesHyStart), rtt ?? s_rtt);

    /// <summary>A bench in congestion avoidance after a loss at so many segments.</summary>
    private static ControllerBench AfterLossAt(double window, TimeSpan? rtt = null)
    {
        ControllerBench bench = Bench(rtt);
        while (bench.Window < window)
        {
            bench.Ack();
        }

        bench.Lose();
        return bench;
    }

    // Equation 6 of RFC 9438 §5.1, with C = 0.4 and β = 0.7: 1.054 · (RTT / p)^0.75.
    [Theory]
    [InlineData(10_000)]
    [InlineData(100_000)]
    [Rfc("9438 §5.1")]
    public void Average_window_is_that_of_the_equation(int every)
    {
        double expected = 1.054 * Math.Pow(s_rtt.TotalSeconds * every, 0.75);
        Assert.InRange(Bench().AverageWindow(every, losses: 40), 0.9 * expected, 1.1 * expected);
    }

    [Fact, Rfc("9438 §4.3", "R9438-2")]
    public void Where_reno_would_be_faster_the_window_is_its()
    {
        // RFC 9438 §4.3: AIMD(α, β) with the β of CUBIC has Reno's average, √(3/2) / √p.
        TimeSpan rtt = TimeSpan.FromMilliseconds(5);
        double average = Bench(rtt).AverageWindow(every: 1000, losses: 60);
        double reno = Math.Sqrt(1.5 * 1000);
        Assert.InRange(average, 0.85 * reno, 1.2 * reno);
    }

    [Fact, Rfc("9438 §4.6", "R9438-3")]
    public void Loss_leaves_seven_tenths_of_the_window()
    {
        ControllerBench bench = AfterLossAt(100);
        Assert.Equal(70, bench.Window, 0.8);
        Assert.Equal(bench.Controller.CongestionWindow, bench.Controller.SlowStartThreshold);
    }

    [Fact, Rfc("9438 §4.6", "R9438-4")]
    public void Threshold_is_two_segments_at_least()
    {
        ControllerBench bench = Bench();
        for (int i = 0; i < 30; i++)
        {
            bench.Lose();
        }

        Assert.Equal(2 * ControllerBench.Segment, bench.Controller.SlowStartThreshold);
    }

    [Fact, Rfc("9438 §4.2")]
    public void Window_is_back_at_the_plateau_after_K_seconds_and_flat_there()
    {
        ControllerBench bench = AfterLossAt(1000);
        double k = Math.Cbrt(300 / 0.4);
        TimeSpan start = bench.Now;
        double early = 0;
        while ((bench.Now - start).TotalSeconds < k)
        {
            bench.Round();
            if (early == 0 && (bench.Now - start).TotalSeconds > k / 2)
                early = bench.Window;
        }

        Assert.InRange(bench.Window, 990, 1010);
        Assert.InRange(early, 950, 975); // 1000 − 0.4 · (K/2)³ = 962.5: most of the way is made early
    }

    [Fact, Rfc("9438 §4.4")]
    public void Window_grows_by_half_in_a_round_trip_at_most()
    {
        ControllerBench bench = AfterLossAt(20, TimeSpan.FromMilliseconds(500));
        for (int round = 0; round < 40; round++)
        {
            double before = bench.Window;
            bench.Round();
            Assert.True(bench.Window <= 1.66 * before, $"{before} grew to {bench.Window}");
        }
    }

    [Fact, Rfc("9438 §4.7", "R9438-5")]
    public void Flow_that_loses_again_before_its_plateau_gives_room()
    {
        // The second loss, at 700, lies below the plateau of 1,000: the new one is 700 · 0.85 = 595.
        ControllerBench giving = AfterLossAt(1000);
        giving.Lose();
        Assert.Equal(490, giving.Controller.SlowStartThreshold / 1000.0, 1.0);
        double k = Math.Cbrt((595 - 490) / 0.4);
        double untilOneBelow = k - Math.Cbrt(1 / 0.4);
        Assert.InRange(SecondsUntil(giving, 594), 0.9 * untilOneBelow, 1.1 * untilOneBelow);
    }

    [Fact, Rfc("9438 §4.8", "R9438-6")]
    public void Timeout_leaves_a_segment_and_the_curve_begins_where_slow_start_ends()
    {
        ControllerBench bench = AfterLossAt(100);
        bench.Controller.OnRetransmitTimeout(bench.Context, isRepeated: false);
        Assert.Equal(1, bench.Window);
        Assert.Equal(49, bench.Controller.SlowStartThreshold / 1000.0, 1.0);
        long threshold = bench.Controller.SlowStartThreshold;
        bench.Controller.OnRetransmitTimeout(bench.Context, isRepeated: true);
        Assert.Equal(threshold, bench.Controller.SlowStartThreshold);
        bench.Controller.OnRecovered(bench.Context);
        while (bench.Controller.CongestionWindow < threshold)
        {
            bench.Ack();
        }

        double window = bench.Window;
        bench.Round();
        Assert.InRange(bench.Window, window, window + 2); // K = 0: flat at first
    }

    [Fact, Rfc("9438 §4.9", "R9438-7")]
    public void Spurious_reduction_is_undone_with_its_curve()
    {
        ControllerBench bench = AfterLossAt(300);
        bench.Round();
        double window = bench.Window;
        long threshold = bench.Controller.SlowStartThreshold;
        bench.Lose();
        bench.Controller.OnSpuriousCongestion(bench.Context);
        Assert.Equal(window, bench.Window, 0.01);
        Assert.Equal(threshold, bench.Controller.SlowStartThreshold);
        bench.Controller.OnRetransmitTimeout(bench.Context, isRepeated: false);
        bench.Controller.OnSpuriousCongestion(bench.Context);
        Assert.Equal(window, bench.Window, 0.01);
    }

    [Fact, Rfc("9438 §5.8", "R9438-10")]
    public void Time_without_use_does_not_move_the_curve()
    {
        ControllerBench used = AfterLossAt(500);
        ControllerBench paused = AfterLossAt(500);
        used.Round();
        paused.Round();
        for (int i = 0; i < 100; i++)
        {
            paused.Wait(TimeSpan.FromSeconds(1));
            paused.Ack(isAppLimited: true);
        }

        used.Round();
        paused.Round();
        Assert.Equal(used.Window, paused.Window, 0.05 * used.Window);
    }

    [Fact, Rfc("5681 §4.1")]
    public void Restart_after_a_pause_begins_with_the_initial_window()
    {
        ControllerBench bench = AfterLossAt(500);
        bench.Controller.OnIdleRestart(bench.Context);
        Assert.Equal(10, bench.Window);
        Assert.Equal(350, bench.Controller.SlowStartThreshold / 1000.0, 1.0);
    }

    [Fact]
    public void Window_has_a_bound()
    {
        ControllerBench bench = Bench();
        for (int i = 0; i < 200; i++)
        {
            bench.Ack(segments: 1_000_000);
        }

        Assert.Equal(1 << 30, bench.Controller.CongestionWindow);
    }

    private static double SecondsUntil(ControllerBench bench, double window)
    {
        TimeSpan start = bench.Now;
        while (bench.Window < window)
        {
            bench.Ack();
        }

        return (bench.Now - start).TotalSeconds;
    }
}
