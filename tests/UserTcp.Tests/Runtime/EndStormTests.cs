namespace UserTcp.Tests.Runtime;

/// <summary>However connections end, and before whomever had them: no connections means no bytes.</summary>
public sealed class EndStormTests
{
    [Fact]
    public async Task Whatever_ends_at_any_moment_leaves_no_byte_behind()
    {
        int had = 0, cancelled = 0;
        for (int seed = 1; seed <= 300; seed++)
        {
            var storm = new EndStorm(seed);
            await storm.RunAsync(storm.CalmAsync);
            had += storm.Had;
            cancelled += storm.Cancelled;
        }

        Assert.True(had > 500 && cancelled > 500, $"{had} connections, {cancelled} cancellations.");
    }

    [Fact]
    public async Task A_stack_that_ends_at_any_moment_leaves_no_byte_behind()
    {
        for (int seed = 1001; seed <= 1200; seed++)
        {
            var storm = new EndStorm(seed);
            await storm.RunAsync(storm.StopAsync);
        }
    }
}
