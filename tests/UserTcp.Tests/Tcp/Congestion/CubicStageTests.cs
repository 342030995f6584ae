using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>The controller over paths of fixed round trips.</summary>
public sealed class CubicStageTests
{
    private const int Segment = 1000;
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    [Fact]
    [Rfc("9438 §4.6", "R9438-3", "R9438-13")]
    public void Loss_reduces_the_window_to_seven_tenths()
    {
        (Cubic cubic, CongestionPath path) = InAvoidance(100);
        Assert.Equal(70 * Segment, cubic.CongestionWindow);
        Assert.Equal(70 * Segment, cubic.SlowStartThreshold);
        for (int i = 0; i < 20; i++)
        {
            path.Loses();
        }

        Assert.Equal(2 * Segment, cubic.CongestionWindow);
        Assert.Equal(2 * Segment, cubic.SlowStartThreshold);
    }

    [Fact]
    [Rfc("9438 §4.4", "R9438-11")]
    [Rfc("9438 §4.5", "R9438-12")]
    [Rfc("9438 §4.2", "R9438-1")]
    public void Window_follows_the_cubic_function_round_by_round()
    {
        const double Max = 2000;
        (_, CongestionPath path) = InAvoidance(Max, TimeSpan.FromMilliseconds(50));
        double k = Math.Cbrt(Max * 0.3 / 0.4);
        double start = path.Elapsed;
        for (int round = 0; round < 400; round++)
        {
            path.Round();
            double cubic = 0.4 * Math.Pow(path.Elapsed - start - k, 3) + Max;
            Assert.InRange(path.Window, cubic * 0.99, cubic * 1.02);
        }

        Assert.True(path.Window > Max, "past the plateau by then");
    }

    // RFC 9438 §5.1, table 1 (RTT 0.1 s) and table 2 (0.01 s); deterministic loss every 1/p segments.
    [Theory]
    [InlineData(100, 100, 12)]
    [InlineData(100, 1_000, 39)]
    [InlineData(100, 10_000, 187)]
    [InlineData(100, 100_000, 1_054)]
    [InlineData(10, 100, 12)]
    [InlineData(10, 1_000, 39)]
    [InlineData(10, 10_000, 122)]
    [Rfc("9438 §5.1")]
    public void Average_window_at_a_loss_rate_is_that_of_the_model(int milliseconds, int lossEvery, double expected)
    {
        double average = AverageWindow(
            CongestionPath.NewCubic(10 * Segment), TimeSpan.FromMilliseconds(milliseconds), lossEvery);
        Assert.InRange(average, expected * 0.85, expected * 1.15);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(200)]
    [Rfc("9438 §4.3", "R9438-2")]
    public void Where_windows_are_small_it_gets_what_Reno_gets(int lossEvery)
    {
        double cubic = AverageWindow(CongestionPath.NewCubic(10 * Segment), TimeSpan.FromMilliseconds(10), lossEvery);
        double reno = AverageWindow(new NewReno(Segment, 10 * Segment), TimeSpan.FromMilliseconds(10), lossEvery);
        Assert.InRange(cubic / reno, 0.9, 1.15);
    }

    [Fact]
    [Rfc("9438 §5.8", "R9438-10")]
    [Rfc("9438 §4.6", "R9438-16")]
    public void Time_in_which_the_window_is_not_used_does_not_count()
    {
        (_, CongestionPath busy) = InAvoidance(1000);
        (_, CongestionPath paused) = InAvoidance(1000);
        for (int i = 0; i < 20; i++)
        {
            busy.Round();
            paused.Round();
        }

        double before = paused.Window;
        for (int i = 0; i < 50; i++)
        {
            paused.Round(isAppLimited: true);
        }

        Assert.Equal(before, paused.Window);
        for (int i = 0; i < 20; i++)
        {
            busy.Round();
            paused.Round();
        }

        Assert.Equal(busy.Window, paused.Window, tolerance: busy.Window * 0.01);
    }

    [Fact]
    [Rfc("9438 §5.8")]
    public void Pause_shorter_than_a_timeout_does_not_make_the_window_jump()
    {
        (_, CongestionPath path) = InAvoidance(1000);
        path.Round();
        double before = path.Window;
        path.Idles(TimeSpan.FromSeconds(10));
        path.Round();
        Assert.InRange(path.Window, before, before * 1.1);
    }

    [Fact]
    [Rfc("9438 §4.8", "R9438-6")]
    public void After_a_timeout_it_starts_slowly_and_its_plateau_is_where_it_ends()
    {
        (Cubic cubic, CongestionPath path) = InAvoidance(100);
        path.TimesOut();
        Assert.Equal(Segment, cubic.CongestionWindow);
        Assert.Equal(49 * Segment, cubic.SlowStartThreshold);
        path.TimesOut(isRepeated: true);
        Assert.Equal(49 * Segment, cubic.SlowStartThreshold);
        cubic.OnRecovered(path.Context);
        while (cubic.CongestionWindow < cubic.SlowStartThreshold)
        {
            path.Round();
        }

        double start = path.Elapsed;
        while (path.Elapsed - start < 8)
        {
            path.Round();
        }

        double convex = 49 + 0.4 * Math.Pow(path.Elapsed - start, 3);
        Assert.InRange(path.Window, convex * 0.95, convex * 1.1);
    }

    [Fact]
    [Rfc("9438 §4.9", "R9438-7")]
    public void Spurious_recovery_leaves_no_trace()
    {
        (Cubic cubic, CongestionPath path) = InAvoidance(1000);
        (_, CongestionPath untouched) = InAvoidance(1000);
        for (int i = 0; i < 10; i++)
        {
            path.Round();
            untouched.Round();
        }

        long threshold = cubic.SlowStartThreshold;
        path.Loses();
        cubic.OnSpuriousCongestion(path.Context);
        Assert.Equal(untouched.Window, path.Window);
        Assert.Equal(threshold, cubic.SlowStartThreshold);
        for (int i = 0; i < 50; i++)
        {
            path.Round();
            untouched.Round();
        }

        Assert.Equal(untouched.Window, path.Window, tolerance: 1);
    }

    [Fact]
    [Rfc("9438 §4.9", "R9438-7")]
    [Rfc("4015 §3.1", "R4015-2")]
    public void Spurious_timeout_gives_window_and_threshold_back_once()
    {
        (Cubic cubic, CongestionPath path) = InAvoidance(100);
        path.TimesOut();
        path.TimesOut(isRepeated: true);
        cubic.OnSpuriousCongestion(path.Context);
        Assert.Equal(70 * Segment, cubic.CongestionWindow);
        Assert.Equal(70 * Segment, cubic.SlowStartThreshold);
        cubic.OnSpuriousCongestion(path.Context);
        Assert.Equal(70 * Segment, cubic.CongestionWindow);
    }

    [Fact]
    [Rfc("9438 §4.9", "R9438-21")]
    public void Late_news_of_a_spurious_reduction_changes_nothing()
    {
        (Cubic cubic, CongestionPath path) = InAvoidance(20);
        path.Loses();
        while (path.Window < 30)
        {
            path.Round();
        }

        (long window, long threshold) = (cubic.CongestionWindow, cubic.SlowStartThreshold);
        cubic.OnSpuriousCongestion(path.Context);
        Assert.Equal((window, threshold), (cubic.CongestionWindow, cubic.SlowStartThreshold));
    }

    private static (Cubic Cubic, CongestionPath Path) InAvoidance(double segments, TimeSpan? rtt = null)
    {
        Cubic cubic = CongestionPath.NewCubic((long)(segments * Segment));
        var path = new CongestionPath(cubic, rtt ?? s_rtt);
        path.Loses();
        return (cubic, path);
    }

    private static double AverageWindow(ICongestionController controller, TimeSpan rtt, int lossEvery)
    {
        const int Losses = 60;
        var path = new CongestionPath(controller, rtt);
        double sum = 0;
        long rounds = 0;
        long segments = 0;
        while (segments < (long)lossEvery * Losses)
        {
            double window = path.Window;
            path.Round(lossEvery);
            segments += (long)window;
            if (segments < (long)lossEvery * Losses / 3)
                continue;

            sum += window;
            rounds++;
        }

        return sum / rounds;
    }
}
