using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>The least of the last five minutes.</summary>
public sealed class WindowedMinimumTests
{
    private static TimeSpan Ms(double value) => TimeSpan.FromMilliseconds(value);

    private static Instant At(double seconds) => new(TimeSpan.FromSeconds(1000 + seconds).Ticks);

    [Fact]
    public void Lower_values_count_at_once_and_higher_ones_not()
    {
        WindowedMinimum minimum = default;
        Assert.Equal(TimeSpan.Zero, minimum.Value);
        minimum = minimum.Sample(Ms(50), At(0)).Sample(Ms(70), At(1));
        Assert.Equal(Ms(50), minimum.Value);
        Assert.Equal(Ms(40), minimum.Sample(Ms(40), At(2)).Value);
    }

    [Fact]
    [Rfc("8985 §6.2", "R8985-7")]
    public void Path_that_became_longer_is_believed_after_the_window()
    {
        WindowedMinimum minimum = default(WindowedMinimum).Sample(Ms(10), At(0));
        for (int second = 1; second <= 300; second++)
        {
            minimum = minimum.Sample(Ms(80 + second % 7), At(second));
            Assert.Equal(Ms(10), minimum.Value);
        }

        for (int second = 301; second < 310; second++)
        {
            minimum = minimum.Sample(Ms(80 + second % 7), At(second));
        }

        Assert.Equal(Ms(80), minimum.Value);
    }

    [Fact]
    public void Nothing_is_remembered_over_a_longer_silence()
    {
        WindowedMinimum minimum = default(WindowedMinimum).Sample(Ms(10), At(0)).Sample(Ms(20), At(100));
        Assert.Equal(Ms(90), minimum.Sample(Ms(90), At(1000)).Value);
    }

    [Fact]
    public void It_is_never_above_what_a_full_memory_would_say_by_more_than_what_it_forgot()
    {
        var random = new Random(7);
        var samples = new List<(double At, TimeSpan Value)>();
        WindowedMinimum minimum = default;
        for (double at = 0; at < 3000; at += 1 + random.NextDouble() * 5)
        {
            TimeSpan value = Ms(50 + random.Next(100));
            samples.Add((at, value));
            minimum = minimum.Sample(value, At(at));
            Assert.True(minimum.Value >= samples.Where(s => s.At >= at - 301).Min(s => s.Value));
            Assert.True(minimum.Value <= samples.Where(s => s.At >= at - 70).Min(s => s.Value));
        }
    }
}
