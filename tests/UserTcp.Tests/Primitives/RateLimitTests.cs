using UserTcp.Primitives;

namespace UserTcp.Tests.Primitives;

public class RateLimitTests
{
    private static readonly SipHash s_key = new(3, 4);
    private static readonly Instant s_start = new(TimeSpan.TicksPerHour);

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 1, 2)]
    [InlineData(3, 2, 4)]
    [InlineData(100, 50, 149)]
    [InlineData(1000, 500, 1499)]
    public void A_second_grants_from_half_to_one_and_a_half_of_the_average(int perSecond, int least, int most)
    {
        var limit = new RateLimit(perSecond, s_key);
        long sum = 0;
        const int seconds = 1000;
        for (int second = 0; second < seconds; second++)
        {
            int granted = Take(limit, At(second), 2 * perSecond);
            Assert.InRange(granted, least, most);
            sum += granted;
        }

        Assert.InRange(sum / (double)seconds, (least + most) / 2.0 * 0.95, (least + most) / 2.0 * 1.05);
    }

    [Fact]
    public void What_one_second_grants_says_nothing_of_the_next_or_of_another_stack()
    {
        var one = new RateLimit(1000, s_key);
        var other = new RateLimit(1000, new SipHash(3, 5));
        var seen = new HashSet<int>();
        int same = 0;
        for (int second = 0; second < 100; second++)
        {
            int granted = Take(one, At(second), 2000);
            seen.Add(granted);
            same += granted == Take(other, At(second), 2000) ? 1 : 0;
        }

        Assert.True(seen.Count > 80, $"{seen.Count} different numbers in 100 seconds");
        Assert.True(same < 5, $"the same in {same} of 100 seconds");
    }

    [Fact]
    public void Nothing_comes_back_before_the_second_is_over_and_nothing_is_saved()
    {
        var limit = new RateLimit(1, s_key);
        Assert.Equal(1, Take(limit, s_start, 5));
        Assert.False(limit.TryTake(s_start + TimeSpan.FromMilliseconds(999)));
        Assert.Equal(1, Take(limit, At(1), 5));
        Assert.Equal(1, Take(limit, s_start + TimeSpan.FromDays(30), 5));
    }

    [Fact]
    public void Time_that_runs_backwards_gives_nothing()
    {
        var limit = new RateLimit(1, s_key);
        Take(limit, s_start, 1);
        Assert.False(limit.TryTake(s_start - TimeSpan.FromHours(1)));
        Assert.False(limit.TryTake(s_start));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_limit_without_a_rate_is_a_mistake(int perSecond) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RateLimit(perSecond, s_key));

    /// <summary>Several threads take from the same second at once, as shards do.</summary>
    [Fact]
    public void Threads_get_together_what_one_would_get()
    {
        const int threads = 4;
        const int seconds = 10;
        const int perSecond = 2_000_000;
        var alone = new RateLimit(perSecond, s_key);
        var limit = new RateLimit(perSecond, s_key);
        int[] granted = new int[seconds];
        using var barrier = new Barrier(threads);
        var workers = new Thread[threads];
        for (int i = 0; i < threads; i++)
        {
            workers[i] = new Thread(() =>
            {
                for (int second = 0; second < seconds; second++)
                {
                    barrier.SignalAndWait(); // nobody is in another second
                    Interlocked.Add(ref granted[second], TakeAll(limit, At(second)));
                }
            });
            workers[i].Start();
        }

        Array.ForEach(workers, static worker => worker.Join());
        Assert.Equal(Enumerable.Range(0, seconds).Select(second => TakeAll(alone, At(second))), granted);
    }

    private static int TakeAll(RateLimit limit, Instant now)
    {
        int taken = 0;
        while (limit.TryTake(now))
        {
            taken++;
        }

        return taken;
    }

    private static Instant At(int second) => s_start + TimeSpan.FromSeconds(second);

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
