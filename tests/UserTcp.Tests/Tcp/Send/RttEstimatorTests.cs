using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp.Send;

/// <summary>SRTT, RTTVAR and the timeout that follows from them (RFC 6298 §2).</summary>
public sealed class RttEstimatorTests
{
    private static readonly Instant s_now = new(TimeSpan.FromSeconds(1000).Ticks);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(120);

    [Fact, Rfc("6298 §2.1", "R6298-1")]
    public void Without_a_sample_the_timeout_is_a_second() =>
        Assert.Equal(Ms(1000), default(RttEstimator).RetransmitTimeout(Ms(1000), Ms(200), s_longest));

    [Fact, Rfc("6298 §2.2", "R6298-2")]
    public void First_sample_is_the_round_trip_and_half_of_it_the_variation()
    {
        RttEstimator rtt = Sampled(100);
        Assert.Equal((Ms(100), Ms(50)), (rtt.Smoothed, rtt.Variation));
        Assert.Equal(Ms(300), Timeout(rtt));
    }

    /// <summary>The variation is that from the former average: 50·3/4 + 80/4, and 100·7/8 + 180/8.</summary>
    [Fact, Rfc("6298 §2.3", "R6298-3", "R6298-4", "R6298-5")]
    public void Later_samples_count_an_eighth_and_a_quarter_the_variation_first()
    {
        RttEstimator rtt = Sampled(100, 180);
        Assert.Equal((Ms(110), Ms(57.5)), (rtt.Smoothed, rtt.Variation));
        Assert.Equal(Ms(110 + 4 * 57.5), Timeout(rtt));
    }

    [Fact, Rfc("6298 §2.3", "R6298-5"), Rfc("6298 §4", "R6298-9")]
    public void Steady_round_trips_leave_the_clocks_granularity()
    {
        RttEstimator rtt = Sampled([.. Enumerable.Repeat(100.0, 200)]);
        Assert.InRange(rtt.Variation, TimeSpan.Zero, TimeSpan.FromMicroseconds(1));
        Assert.Equal(Ms(101), rtt.RetransmitTimeout(Ms(1000), Ms(1), s_longest));
    }

    [Theory, Rfc("4015 §3.6", "R4015-5")]
    [InlineData(400, 400, 200)] // what caused it may last
    [InlineData(20, 102, 50)] // it was a matter of a moment
    public void After_a_timeout_for_nothing_the_next_is_not_as_short(double sample, double smoothed, double variation)
    {
        RttEstimator before = Sampled(100);
        RttEstimator after = before.Sample(Ms(sample), s_now).AfterSpuriousTimeout(before, Ms(sample));
        Assert.Equal((Ms(smoothed), Ms(variation)), (after.Smoothed, after.Variation));
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static TimeSpan Timeout(in RttEstimator rtt) => rtt.RetransmitTimeout(Ms(1000), Ms(200), s_longest);

    private static RttEstimator Sampled(params double[] milliseconds)
    {
        var rtt = default(RttEstimator);
        foreach (double sample in milliseconds)
        {
            rtt = rtt.Sample(Ms(sample), s_now);
        }

        return rtt;
    }
}
