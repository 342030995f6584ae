using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// When segments may leave, so that a window is spread over the round trip. They leave in bursts of a millisecond's
/// worth, because every wake-up costs: once a burst is used up, nothing leaves until it would have been sent at the
/// rate.
/// </summary>
internal struct Pacer
{
    /// <summary>The least burst, in segments: a peer acknowledges every second one.</summary>
    private const int MinBurstSegments = 2;

    /// <summary>The first segments of a connection leave at once, as an initial window always did.</summary>
    private const int FreeSegments = 10;

    private static readonly TimeSpan s_burstTime = TimeSpan.FromMilliseconds(1);

    private Instant _releaseAt;
    private bool _isHeld;
    private int _freeSegments;

    public Pacer() => _freeSegments = FreeSegments;

    /// <summary>When the next burst may leave; in the past if it may now.</summary>
    public readonly Instant ReleaseAt => _releaseAt;

    /// <summary>
    /// Where the controller names no rate: the window in half a smoothed round trip while it doubles, else somewhat
    /// faster than once a round trip, so that the window, not the pace, is what limits (as Linux).
    /// </summary>
    /// <returns>In octets per second; 0 for no pacing, where a round trip is too short to be spread over.</returns>
    public static double DefaultRate(long window, long threshold, TimeSpan smoothedRtt)
    {
        const double SlowStartGain = 2.0;
        const double Gain = 1.2;
        if (smoothedRtt < TimeSpan.FromMilliseconds(1))
            return 0;

        double gain = window < threshold / 2 ? SlowStartGain : Gain;
        return gain * window / smoothedRtt.TotalSeconds;
    }

    /// <summary>The octets that leave at once: whole segments, a millisecond's worth.</summary>
    public static int BurstBytes(double rate, int segmentSize)
    {
        double octets = Math.Min(rate * s_burstTime.TotalSeconds, int.MaxValue / 2);
        return Math.Max(MinBurstSegments, (int)octets / segmentSize) * segmentSize;
    }

    /// <summary>Whether nothing may leave now.</summary>
    public readonly bool IsHeld(Instant now) => _isHeld && now < _releaseAt;

    /// <summary>Octets left at a rate above 0.</summary>
    public void OnSent(long octets, int segmentSize, double rate, Instant now)
    {
        if (_freeSegments > 0)
        {
            _freeSegments -= (int)Math.Min(_freeSegments, (octets + segmentSize - 1) / segmentSize);
            _releaseAt = now;
            return;
        }

        // Whoever wakes up late goes on from when it should have, but catches up no more than a burst. Who had nothing
        // to send has nothing to catch up.
        TimeSpan burst = DurationOf(BurstBytes(rate, segmentSize), rate);
        Instant from = _releaseAt;
        if (now - from > burst)
            from = _isHeld ? now - burst : now;
        _releaseAt = from + DurationOf(octets, rate);
        _isHeld = _releaseAt - now >= burst;
    }

    private static TimeSpan DurationOf(long octets, double rate)
    {
        double ticks = octets / rate * TimeSpan.TicksPerSecond;
        return new TimeSpan((long)Math.Min(ticks, TimeSpan.TicksPerHour));
    }
}
