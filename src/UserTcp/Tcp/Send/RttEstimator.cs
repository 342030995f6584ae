using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// SRTT and RTTVAR (RFC 6298 §2.3): a value; each sample yields the next one. Deviation: each counts in full, however
/// many there are in a round trip (RFC 7323 §4.2), as other stacks have it; the least timeout bears what is forgotten.
/// </summary>
internal readonly record struct RttEstimator
{
    /// <summary>G, the clock's granularity, as it enters the timeout (RFC 6298 §2.2, RFC 6298 §4).</summary>
    private static readonly TimeSpan s_granularity = TimeSpan.FromMilliseconds(1);

    public bool HasSample { get; private init; }

    public TimeSpan Smoothed { get; private init; }

    public TimeSpan Variation { get; private init; }

    public TimeSpan Latest { get; private init; }

    /// <summary>The shortest of the last minutes; zero before the first sample.</summary>
    public TimeSpan Minimum => Window.Value;

    private WindowedMinimum Window { get; init; }

    public RttEstimator Sample(TimeSpan rtt, Instant now)
    {
        rtt = rtt > TimeSpan.Zero ? rtt : TimeSpan.FromTicks(1);
        if (!HasSample)
        {
            return new RttEstimator
            {
                HasSample = true, Smoothed = rtt, Variation = rtt / 2, Latest = rtt, // RFC 6298 (2.2)
                Window = default(WindowedMinimum).Sample(rtt, now),
            };
        }

        return this with
        {
            Variation = Variation * 3 / 4 + (Smoothed - rtt).Duration() / 4, // before SRTT: RFC 6298 (2.3)
            Smoothed = Smoothed * 7 / 8 + rtt / 8,
            Latest = rtt,
            Window = Window.Sample(rtt, now),
        };
    }

    /// <summary>
    /// The first sample of text that was sent after a timeout for nothing: the delay that caused it may last, and the
    /// timeout is not to be as short again (RFC 4015 §3.6).
    /// </summary>
    public RttEstimator AfterSpuriousTimeout(in RttEstimator before, TimeSpan rtt)
    {
        TimeSpan smoothed = before.Smoothed + 2 * s_granularity;
        return this with
        {
            Smoothed = smoothed > rtt ? smoothed : rtt,
            Variation = before.Variation > rtt / 2 ? before.Variation : rtt / 2,
        };
    }

    /// <summary>RTO = SRTT + max(G, 4·RTTVAR), or the initial value before any sample (RFC 6298 §2.1, §2.2).</summary>
    public TimeSpan RetransmitTimeout(TimeSpan initial, TimeSpan minimum, TimeSpan maximum)
    {
        if (!HasSample)
            return initial;

        TimeSpan variation = Variation * 4;
        TimeSpan timeout = Smoothed + (variation > s_granularity ? variation : s_granularity);
        return timeout < minimum ? minimum : timeout > maximum ? maximum : timeout;
    }
}
