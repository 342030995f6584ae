using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Receive;

/// <summary>PAWS by itself (RFC 7323 §5.3).</summary>
public sealed class TimestampsTests
{
    /// <summary>TS.Recent is as old as the connection, not as the machine's clock.</summary>
    [Theory, Rfc("7323 §5.3"), Rfc("7323 §5.5")]
    [InlineData(1)]
    [InlineData(400)]
    public void Older_value_than_that_of_the_syn_is_stale_however_long_the_machine_has_run(int days)
    {
        var now = new Instant(TimeSpan.FromDays(days).Ticks);
        var timestamps = default(Timestamps);
        timestamps.Negotiate(500, now);
        Assert.True(timestamps.IsStale(499, now));
        Assert.True(timestamps.IsStale(499, now + TimeSpan.FromDays(23)));
        Assert.False(timestamps.IsStale(500, now));
        Assert.False(timestamps.IsStale(499, now + TimeSpan.FromDays(24)));
    }
}
