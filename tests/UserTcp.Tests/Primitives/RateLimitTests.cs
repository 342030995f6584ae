using FsCheck.Xunit;
using UserTcp.Primitives;

namespace UserTcp.Tests.Primitives;

public class RateLimitTests
{
    private static readonly TimeSpan s_tenth = TimeSpan.FromMilliseconds(100);
    private static readonly Instant s_start = new(TimeSpan.TicksPerHour);

    [Fact]
    public void A_burst_is_granted_at_once_and_no_more()
    {
        var limit = new RateLimit(perSecond: 10, burst: 5);

        Assert.Equal(5, Take(limit, s_start, 100));
    }

    [Fact]
    public void One_comes_back_each_tenth_of_a_second_and_not_before()
    {
        var limit = new RateLimit(perSecond: 10, burst: 5);
        Take(limit, s_start, 5);

        Assert.False(limit.TryTake(s_start + s_tenth - new TimeSpan(1)));
        Assert.True(limit.TryTake(s_start + s_tenth));
        Assert.False(limit.TryTake(s_start + s_tenth));
    }

    [Fact]
    public void A_long_silence_saves_no_more_than_a_burst()
    {
        var limit = new RateLimit(perSecond: 10, burst: 5);
        Take(limit, s_start, 5);

        Assert.Equal(5, Take(limit, s_start + TimeSpan.FromDays(30), 100));
    }

    [Fact]
    public void Time_that_runs_backwards_gives_nothing()
    {
        var limit = new RateLimit(perSecond: 10, burst: 1);
        Take(limit, s_start, 1);

        Assert.False(limit.TryTake(s_start - TimeSpan.FromHours(1)));
        Assert.False(limit.TryTake(s_start));
    }

    [Property]
    public void In_the_long_run_the_rate_is_kept(byte rate, byte burst, ushort[] steps)
    {
        int perSecond = rate + 1;
        var limit = new RateLimit(perSecond, burst + 1);
        Instant now = s_start;
        long granted = 0;
        foreach (ushort step in steps)
        {
            now += TimeSpan.FromMilliseconds(step / 10.0);
            granted += Take(limit, now, 50);
        }

        double most = burst + 1 + (now - s_start).TotalSeconds * perSecond * 1.0001;
        Assert.True(granted <= most, $"{granted} granted, {most} allowed");
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(-1, 1)]
    public void A_bucket_without_rate_or_room_is_a_mistake(int perSecond, int burst) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RateLimit(perSecond, burst));

    private static int Take(RateLimit limit, Instant now, int attempts)
    {
        int taken = 0;
        for (int i = 0; i < attempts; i++)
        {
            taken += limit.TryTake(now) ? 1 : 0;
        }

        return taken;
    }
}
