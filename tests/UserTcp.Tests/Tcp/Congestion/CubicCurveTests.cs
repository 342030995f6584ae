using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>The curve against the equations of RFC 9438.</summary>
public sealed class CubicCurveTests
{
    private static readonly TimeSpan s_rtt = TimeSpan.FromMilliseconds(100);

    [Theory]
    [InlineData(0UL, 0UL)]
    [InlineData(1UL, 1UL)]
    [InlineData(7UL, 1UL)]
    [InlineData(8UL, 2UL)]
    [InlineData(26UL, 2UL)]
    [InlineData(27UL, 3UL)]
    [InlineData(999_999_999_999UL, 9_999UL)]
    [InlineData(1_000_000_000_000UL, 10_000UL)]
    [InlineData(ulong.MaxValue, 2_642_245UL)]
    public void Cube_root_is_the_largest_whole_one(ulong value, ulong root) =>
        Assert.Equal(root, CubicCurve.CubeRoot(value));

    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(20_000)]
    [Rfc("9438 §4.2")]
    public void Plateau_lies_where_equation_2_puts_it(int segments)
    {
        CubicCurve curve = AfterCongestion(segments * 1000.0);
        double expected = Math.Cbrt(segments * (1 - CubicCurve.Beta) / CubicCurve.C);
        Assert.InRange(curve.TimeToPlateau.TotalSeconds, expected - 2e-4, expected + 2e-4);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5)]
    [InlineData(4.2)]
    [InlineData(9)]
    [Rfc("9438 §4.2")]
    [Rfc("9438 §5.1", "R9438-9")]
    public void Window_at_a_time_is_that_of_equation_1(double seconds)
    {
        CubicCurve curve = AfterCongestion(100_000);
        double k = curve.TimeToPlateau.TotalSeconds;
        double expected = (CubicCurve.C * Math.Pow(seconds - k, 3) + 100) * 1000;
        Assert.Equal(expected, curve.WindowAt(TimeSpan.FromSeconds(seconds), 1000), precision: 3);
    }

    [Fact]
    [Rfc("9438 §4.7", "R9438-5")]
    public void Flow_that_did_not_come_as_far_as_before_makes_room()
    {
        var curve = new CubicCurve();
        curve.OnCongestion(100_000);
        Assert.Equal(100_000, curve.MaxWindow);
        curve.OnCongestion(80_000);
        Assert.Equal(80_000 * 0.85, curve.MaxWindow, precision: 6);
        curve.OnCongestion(90_000);
        Assert.Equal(90_000, curve.MaxWindow);
    }

    [Fact]
    [Rfc("9438 §4.3", "R9438-17", "R9438-18")]
    public void Reno_estimate_grows_by_alpha_and_by_a_segment_once_it_is_where_congestion_was()
    {
        var curve = new CubicCurve();
        curve.OnCongestion(10_000);
        double window = 7_000;
        window = curve.Next(window, Ack(TimeSpan.FromMilliseconds(0), (long)window));
        Assert.Equal(7_000 + 1000 * CubicCurve.Alpha, curve.RenoWindow, precision: 6);
        int rounds = 1;
        while (curve.RenoWindow < 10_000)
        {
            window = curve.Next(window, Ack(s_rtt * rounds++, (long)window));
        }

        double before = curve.RenoWindow;
        curve.Next(window, Ack(s_rtt * rounds, (long)window));
        Assert.Equal(1000, curve.RenoWindow - before, tolerance: 2);
    }

    [Fact]
    [Rfc("9438 §4.8", "R9438-20")]
    public void After_a_timeout_the_estimate_begins_where_the_stage_does()
    {
        var curve = new CubicCurve();
        curve.OnTimeout(10_000);
        curve.Next(6_000, Ack(TimeSpan.Zero, 0));
        Assert.Equal((6_000, 6_000), (curve.RenoWindow, curve.MaxWindow));
    }

    [Fact]
    [Rfc("9438 §4.2", "R9438-1")]
    public void Target_is_at_most_half_as_much_again()
    {
        CubicCurve curve = AfterCongestion(1_000_000);
        double window = curve.Next(700_000, Ack(TimeSpan.FromSeconds(1), 1000, TimeSpan.FromSeconds(20)));
        Assert.Equal(700_000 + 0.5 * 1000, window, precision: 6);
    }

    private static CubicCurve AfterCongestion(double window)
    {
        var curve = new CubicCurve();
        curve.OnCongestion(window);
        curve.Next(window * CubicCurve.Beta, Ack(TimeSpan.Zero, 0));
        return curve;
    }

    private static CongestionAck Ack(TimeSpan now, long bytes, TimeSpan? rtt = null) => new()
    {
        Context = new CongestionContext { Now = now, SegmentSize = 1000, SmoothedRtt = rtt ?? s_rtt },
        BytesAcked = bytes,
    };
}
