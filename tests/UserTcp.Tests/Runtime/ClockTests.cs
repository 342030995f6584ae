using Microsoft.Extensions.Time.Testing;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp.Tests.Runtime;

public sealed class ClockTests
{
    [Fact]
    public void The_clock_follows_the_timestamps_of_its_provider()
    {
        var time = new FakeTimeProvider();
        var clock = new MonotonicClock(time);
        Instant start = clock.Now;
        Assert.True(start > new Instant(0), "An instant that was never set lies in the past.");
        time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal(TimeSpan.FromMilliseconds(250), clock.Now - start);
        Assert.False(clock.IsSystem);
        Assert.True(new MonotonicClock(TimeProvider.System).IsSystem);
    }

    [Fact]
    public void A_seed_gives_a_secret_that_repeats_and_chance_one_that_does_not()
    {
        Assert.Equal(Entropy.Secret(7), Entropy.Secret(7));
        Assert.NotEqual(Entropy.Secret(7), Entropy.Secret(8));
        Assert.NotEqual(Entropy.Secret(null), Entropy.Secret(null));
    }
}
