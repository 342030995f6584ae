namespace UserTcp.Tcp.Send;

/// <summary>SRTT and RTTVAR (RFC 6298 §2): a value; each sample yields the next one.</summary>
internal readonly record struct RttEstimator
{
    /// <summary>G, the clock's granularity, as it enters the timeout (RFC 6298 §2.2).</summary>
    private static readonly TimeSpan s_granularity = TimeSpan.FromMilliseconds(1);

    public bool HasSample { get; private init; }

    public TimeSpan Smoothed { get; private init; }

    public TimeSpan Variation { get; private init; }

    public TimeSpan Latest { get; private init; }

    public TimeSpan Minimum { get; private init; }

    public RttEstimator Sample(TimeSpan rtt)
    {
        rtt = rtt > TimeSpan.Zero ? rtt : TimeSpan.FromTicks(1);
        if (!HasSample)
        {
            return new RttEstimator
            {
                HasSample = true, Smoothed = rtt, Variation = rtt / 2, Latest = rtt, Minimum = rtt, // RFC 6298 (2.2)
            };
        }

        return this with
        {
            Variation = Variation * 3 / 4 + (Smoothed - rtt).Duration() / 4, // before SRTT: RFC 6298 (2.3)
            Smoothed = Smoothed * 7 / 8 + rtt / 8,
            Latest = rtt,
            Minimum = rtt < Minimum ? rtt : Minimum,
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
