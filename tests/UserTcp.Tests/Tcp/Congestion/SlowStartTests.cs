using UserTcp.Tcp.Congestion;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>How a window grows in slow start, and where the first one of a connection ends (RFC 9406).</summary>
public sealed class SlowStartTests
{
    private const int Segment = 1000;

    public static TheoryData<ICongestionController> Controllers() =>
        [new NewReno(Segment, 10 * Segment), CongestionPath.NewCubic(10 * Segment)];

    [Theory, MemberData(nameof(Controllers))]
    public void Every_octet_that_is_acknowledged_opens_the_window_by_an_octet(ICongestionController control)
    {
        new CongestionPath(control, TimeSpan.FromMilliseconds(50)).Acks(1);
        Assert.Equal(10 * Segment + 1, control.CongestionWindow);
    }

    [Fact]
    [Rfc("9406 §4.2", "R9406-1", "R9406-3", "R9406-5")]
    [Rfc("9438 §4.10", "R9438-8")]
    public void Rising_round_trip_slows_growth_to_a_quarter_and_ends_it_after_five_rounds()
    {
        (Cubic cubic, CongestionPath path) = New(50);
        Rounds(path, 3);
        Assert.Equal(80, path.Window);
        path.Rtt = TimeSpan.FromMilliseconds(57);
        path.Round();

        // Seven of eight samples decide; the eighth and what follows count for a quarter.
        Assert.InRange(path.Window, 80 + 7 + 73 * 0.25 - 1, 80 + 7 + 73 * 0.25 + 1);
        double before = path.Window;
        path.Round();
        Assert.Equal(before * 1.25, path.Window, tolerance: 1);
        Rounds(path, 2);
        Assert.Equal(long.MaxValue, cubic.SlowStartThreshold);
        path.Round();
        path.Round();
        Assert.True(cubic.SlowStartThreshold < 400 * Segment);
        Assert.InRange(path.Window * Segment, cubic.SlowStartThreshold, cubic.SlowStartThreshold * 1.05);
    }

    [Theory]
    [InlineData(8, 11.9, false)]
    [InlineData(8, 12.1, true)]
    [InlineData(80, 89.9, false)]
    [InlineData(80, 90.1, true)]
    [InlineData(300, 315.9, false)]
    [InlineData(300, 316.1, true)]
    [Rfc("9406 §4.2", "R9406-1", "R9406-2")]
    public void Threshold_is_an_eighth_between_four_and_sixteen_milliseconds(double first, double then, bool isRise)
    {
        (_, CongestionPath path) = New(first);
        path.Round();
        path.Rtt = TimeSpan.FromMilliseconds(then);
        path.Round();
        Assert.Equal(isRise, path.Window < 39);
    }

    [Fact]
    [Rfc("9406 §4.2", "R9406-2")]
    public void Few_samples_decide_nothing()
    {
        (Cubic cubic, CongestionPath path) = New(50);
        path.Round();
        path.Rtt = TimeSpan.FromMilliseconds(500);
        for (int i = 0; i < 7; i++)
        {
            path.Acks(Segment, isRoundEnd: i == 6);
        }

        Assert.Equal(27, path.Window);
        Assert.Equal(long.MaxValue, cubic.SlowStartThreshold);
    }

    [Fact]
    [Rfc("9406 §4.3", "R9406-7")]
    public void Later_slow_starts_end_at_the_threshold()
    {
        (Cubic cubic, CongestionPath path) = New(50);
        Rounds(path, 4);
        path.TimesOut();
        cubic.OnRecovered(path.Context);
        for (int ms = 60; cubic.CongestionWindow < cubic.SlowStartThreshold; ms += 20)
        {
            double before = path.Window;
            path.Rtt = TimeSpan.FromMilliseconds(ms);
            path.Round();
            Assert.Equal(Math.Min(before * 2, cubic.SlowStartThreshold / Segment), path.Window, tolerance: 1);
        }
    }

    [Fact]
    [Rfc("9406 §4.2")]
    public void After_a_spurious_loss_slow_start_goes_on()
    {
        (Cubic cubic, CongestionPath path) = New(50);
        Rounds(path, 3);
        path.Rtt = TimeSpan.FromMilliseconds(60);
        path.Round();
        path.Loses();
        cubic.OnSpuriousCongestion(path.Context);
        Assert.Equal(long.MaxValue, cubic.SlowStartThreshold);
        double before = path.Window;
        path.Round();
        Assert.Equal(before * 2, path.Window, tolerance: 1);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(60)] // in conservative slow start, too
    [Rfc("9406 §4.2", "R9406-6")]
    public void Loss_ends_it_at_once(double milliseconds)
    {
        (Cubic cubic, CongestionPath path) = New(50);
        Rounds(path, 3);
        path.Rtt = TimeSpan.FromMilliseconds(milliseconds);
        path.Round();
        path.Loses();
        Assert.Equal(cubic.CongestionWindow, cubic.SlowStartThreshold);
        double before = path.Window;
        path.Round();
        Assert.InRange(path.Window, before, before * 1.05);
    }

    [Fact]
    [Rfc("3465 §2.2", "R3465-2")]
    public void Stretch_ack_counts_for_all_that_it_covers()
    {
        (_, CongestionPath path) = New(50);
        path.Acks(200 * Segment);
        Assert.Equal(210, path.Window);
    }

    [Fact]
    [Rfc("3465 §2.3", "R3465-4")]
    public void After_a_timeout_an_ack_counts_for_one_segment_until_recovery_is_over()
    {
        (Cubic cubic, CongestionPath path) = New(50);
        Rounds(path, 3);
        path.TimesOut();
        path.Acks(10 * Segment);
        Assert.Equal(2, path.Window);
        cubic.OnRecovered(path.Context);
        path.Acks(10 * Segment);
        Assert.Equal(12, path.Window);
    }

    private static (Cubic Cubic, CongestionPath Path) New(double milliseconds)
    {
        Cubic cubic = CongestionPath.NewCubic(10 * Segment, usesHyStart: true);
        return (cubic, new CongestionPath(cubic, TimeSpan.FromMilliseconds(milliseconds)));
    }

    private static void Rounds(CongestionPath path, int count)
    {
        for (int i = 0; i < count; i++)
        {
            path.Round();
        }
    }
}
