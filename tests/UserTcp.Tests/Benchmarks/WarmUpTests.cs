using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.Tests.Benchmarks;

public sealed class WarmUpTests
{
    private static readonly TimeSpan s_stillness = TimeSpan.FromSeconds(2);
    private readonly WarmUp _warmUp = new(s_stillness, TimeSpan.FromSeconds(30));

    [Fact]
    public void A_contender_is_warm_when_its_count_has_stood_still_for_two_seconds()
    {
        Observe(1, 500);
        Observe(2.9, 500);
        Assert.False(_warmUp.IsOver);
        Observe(3, 500);
        Assert.True(_warmUp.IsWarm);
        Assert.True(_warmUp.IsOver);
    }

    [Fact]
    public void The_first_count_is_no_stillness()
    {
        Observe(10, 500);
        Assert.False(_warmUp.IsOver);
    }

    [Fact]
    public void A_method_that_is_compiled_begins_the_wait_anew()
    {
        Observe(1, 500);
        Observe(2.5, 501);
        Observe(4.4, 501);
        Assert.False(_warmUp.IsWarm);
        Observe(4.5, 501);
        Assert.True(_warmUp.IsWarm);
    }

    [Fact]
    public void A_contender_that_compiles_on_and_on_is_over_without_being_warm()
    {
        for (int second = 1; second < 30; second++)
        {
            Observe(second, second);
            Assert.False(_warmUp.IsOver);
        }

        Observe(30, 30);
        Assert.True(_warmUp.IsOver);
        Assert.False(_warmUp.IsWarm);
    }

    private void Observe(double seconds, long compiled) => _warmUp.Observe(TimeSpan.FromSeconds(seconds), compiled);
}
