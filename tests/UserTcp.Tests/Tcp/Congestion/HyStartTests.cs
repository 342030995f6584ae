using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>The end of the first slow start (RFC 9406).</summary>
public sealed class HyStartTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    private static ControllerBench Bench(bool usesHyStart = true) =>
        new(new Cubic(ControllerBench.Segment, 10 * ControllerBench.Segment, usesHyStart), s_rtt);

    [Fact, Rfc("9406 §4.2")]
    public void With_steady_round_trips_the_window_doubles_on()
    {
        ControllerBench bench = Bench();
        for (int round = 0; round < 6; round++)
        {
            bench.Round();
        }

        Assert.Equal(640, bench.Window);
        Assert.Equal(long.MaxValue, bench.Controller.SlowStartThreshold);
    }

    [Fact, Rfc("9406 §4.2", "R9406-1", "R9406-3", "R9406-5")]
    public void Longer_round_trips_slow_growth_down_and_end_it_after_five_rounds()
    {
        ControllerBench bench = Bench();
        bench.Round();
        bench.Round();
        bench.Rtt = s_rtt + TimeSpan.FromMilliseconds(13); // an eighth of 100 ms is 12.5
        var windows = new List<double>();
        for (int round = 0; round < 8; round++)
        {
            bench.Round();
            windows.Add(bench.Window);
        }

        Assert.InRange(windows[2] / windows[1], 1.2, 1.3); // a quarter of what slow start adds
        Assert.InRange(bench.Controller.SlowStartThreshold, 1, bench.Controller.CongestionWindow);
        Assert.InRange(windows[7] / windows[6], 1, 1.1); // congestion avoidance
    }

    [Fact, Rfc("9406 §4.2")]
    public void The_eighth_sample_of_a_round_decides()
    {
        var start = new HyStart();
        for (int i = 1; i <= 8; i++)
        {
            start.OnAck(new CongestionAck { Rtt = s_rtt, IsRoundEnd = i == 8 });
        }

        for (int i = 1; i <= 8; i++)
        {
            Assert.False(start.IsConservative);
            start.OnAck(new CongestionAck { Rtt = s_rtt * 1.2 });
        }

        Assert.True(start.IsConservative);
    }

    [Fact, Rfc("9406 §4.2", "R9406-4")]
    public void Round_trips_that_shrink_again_let_slow_start_go_on()
    {
        ControllerBench bench = Bench();
        bench.Round();
        bench.Round();
        bench.Rtt = s_rtt + TimeSpan.FromMilliseconds(20);
        bench.Round();
        bench.Rtt = s_rtt;
        bench.Round();
        double window = bench.Window;
        bench.Round();
        Assert.Equal(2, bench.Window / window, 0.01);
        Assert.Equal(long.MaxValue, bench.Controller.SlowStartThreshold);
    }

    [Fact, Rfc("9406 §4.2")]
    public void Less_than_the_threshold_is_noise()
    {
        ControllerBench bench = Bench();
        bench.Round();
        bench.Round();
        bench.Rtt = s_rtt + TimeSpan.FromMilliseconds(12);
        double window = bench.Window;
        bench.Round();
        Assert.Equal(2, bench.Window / window, 0.01);
    }

    [Fact, Rfc("9406 §4.3", "R9406-7")]
    public void Only_the_first_slow_start_looks_at_round_trips()
    {
        ControllerBench bench = Bench();
        bench.Round();
        bench.Controller.OnRetransmitTimeout(bench.Context, isRepeated: false);
        bench.Controller.OnRecovered(bench.Context);
        bench.Rtt = 2 * s_rtt;
        double window = bench.Window;
        bench.Round();
        Assert.Equal(2 * window, bench.Window);
    }

    [Fact]
    public void Switched_off_nothing_but_a_loss_ends_slow_start()
    {
        ControllerBench bench = Bench(usesHyStart: false);
        for (int round = 0; round < 6; round++)
        {
            bench.Rtt += TimeSpan.FromMilliseconds(30);
            bench.Round();
        }

        Assert.Equal(640, bench.Window);
    }
}
