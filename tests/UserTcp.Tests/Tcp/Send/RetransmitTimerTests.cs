using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>What a spurious timeout leaves behind in the estimate of the round trip (RFC 4015 §3.6).</summary>
public sealed class RetransmitTimerTests
{
    private static readonly Instant s_now = new(TimeSpan.FromSeconds(1000).Ticks);

    [Fact, Rfc("4015 §3.6", "R4015-5")]
    public void Second_sample_after_a_spurious_timeout_counts_an_eighth()
    {
        RetransmitTimer timer = AfterSpuriousTimeout();
        timer.OnSample(Ms(20), new SeqNumber(2000), s_now);
        Assert.Equal(Ms(102), timer.Rtt.Smoothed); // the estimate from before the timeout, and twice the granularity
        timer.OnSample(Ms(20), new SeqNumber(3000), s_now);
        Assert.Equal(Ms(102 * 7 / 8.0 + 20 / 8.0), timer.Rtt.Smoothed);
    }

    [Fact, Rfc("4015 §3.6", "R4015-5")]
    public void Sample_after_a_true_timeout_counts_an_eighth_though_the_one_before_was_spurious()
    {
        RetransmitTimer timer = AfterSpuriousTimeout();
        timer.OnTimeout(new SeqNumber(2000));
        timer.OnSample(Ms(20), new SeqNumber(3000), s_now);
        Assert.Equal(Ms(100 * 7 / 8.0 + 20 / 8.0), timer.Rtt.Smoothed);
    }

    /// <summary>A round trip of 100 ms, and a timeout whose ACK was late.</summary>
    private static RetransmitTimer AfterSpuriousTimeout()
    {
        var timer = new RetransmitTimer(new TcpConfig());
        timer.OnSample(Ms(100), new SeqNumber(500), s_now);
        timer.OnTimeout(new SeqNumber(1000));
        timer.OnAnswer();
        timer.OnSpuriousTimeout();
        return timer;
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
