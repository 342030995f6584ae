using UserTcp.Primitives;
using UserTcp.Tcp.Send;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>When bursts may leave.</summary>
public sealed class PacerTests
{
    private const int Segment = 1000;
    private const double Rate = 10_000_000; // a segment in 100 µs, ten in a burst
    private static readonly Instant s_start = new(TimeSpan.FromSeconds(100).Ticks);

    [Theory]
    [InlineData(100_000, long.MaxValue, 100, 2_000_000)] // the window in half a round trip while it doubles
    [InlineData(100_000, 201_000, 100, 2_000_000)]
    [InlineData(100_000, 200_000, 100, 1_200_000)]
    [InlineData(100_000, 50_000, 20, 6_000_000)]
    [InlineData(100_000, long.MaxValue, 1, 200_000_000)]
    [InlineData(100_000, long.MaxValue, 0.99, 0)]
    public void Default_rate_spreads_the_window(long window, long threshold, double rtt, double rate) =>
        Assert.Equal(rate, Pacer.DefaultRate(window, threshold, TimeSpan.FromMilliseconds(rtt)), precision: 3);

    [Theory]
    [InlineData(10_000_000, 10_000)]
    [InlineData(10_999_999, 10_000)]
    [InlineData(100, 2_000)]
    [InlineData(2_999_000, 2_000)]
    [InlineData(1e9, 1_000_000)]
    public void Burst_is_a_millisecond_in_whole_segments_and_two_of_them_at_least(double rate, int bytes) =>
        Assert.Equal(bytes, Pacer.BurstBytes(rate, Segment));

    [Fact]
    public void First_ten_segments_leave_at_once()
    {
        var pacer = new Pacer();
        for (int i = 0; i < 10; i++)
        {
            pacer.OnSent(Segment, Segment, rate: 1000, s_start);
            Assert.False(pacer.IsHeld(s_start));
        }

        pacer.OnSent(2 * Segment, Segment, rate: 1000, s_start);
        Assert.True(pacer.IsHeld(s_start));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(10)]
    public void Nothing_leaves_between_a_burst_and_its_time(int segmentsAtOnce)
    {
        Pacer pacer = AfterTheFree();
        Assert.Equal(10, Burst(ref pacer, s_start, segmentsAtOnce));
        Assert.Equal(s_start + TimeSpan.FromMilliseconds(1), pacer.ReleaseAt);
        Assert.True(pacer.IsHeld(pacer.ReleaseAt - new TimeSpan(1)));
        Assert.False(pacer.IsHeld(pacer.ReleaseAt));
    }

    [Fact]
    public void Late_wake_ups_lose_no_rate_up_to_a_burst_each()
    {
        Pacer pacer = AfterTheFree();
        Instant now = s_start;
        int sent = 0;
        for (int i = 0; i < 1000; i++)
        {
            sent += Burst(ref pacer, now, 1);
            now = Instant.Max(now, pacer.ReleaseAt) + TimeSpan.FromMilliseconds(0.7);
        }

        double seconds = (now - s_start).TotalSeconds;
        Assert.InRange(sent * (double)Segment, Rate * seconds * 0.97, Rate * seconds * 1.01);
    }

    [Fact]
    public void Pause_earns_no_more_than_one_burst()
    {
        Pacer pacer = AfterTheFree();
        Burst(ref pacer, s_start, 1);
        Assert.InRange(Burst(ref pacer, s_start + TimeSpan.FromSeconds(5), 1), 10, 20);
    }

    [Fact]
    public void Rate_is_kept_over_a_second()
    {
        Pacer pacer = AfterTheFree();
        Instant now = s_start;
        int sent = 0;
        while (now - s_start < TimeSpan.FromSeconds(1))
        {
            sent += Burst(ref pacer, now, 3);
            now = pacer.ReleaseAt;
        }

        Assert.Equal(Rate, sent * Segment / (now - s_start).TotalSeconds, tolerance: Rate * 0.002);
    }

    private static Pacer AfterTheFree()
    {
        var pacer = new Pacer();
        pacer.OnSent(10 * Segment, Segment, Rate, s_start - TimeSpan.FromSeconds(1));
        // The credit of the pause is used up before the test begins.
        Burst(ref pacer, s_start - TimeSpan.FromMilliseconds(1), 1);
        return pacer;
    }

    private static int Burst(ref Pacer pacer, Instant now, int segmentsAtOnce)
    {
        int sent = 0;
        while (!pacer.IsHeld(now))
        {
            pacer.OnSent(segmentsAtOnce * Segment, Segment, Rate, now);
            sent += segmentsAtOnce;
        }

        return sent;
    }
}
