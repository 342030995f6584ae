using System.Numerics;

namespace UserTcp.Tcp.Congestion;

/// <summary>
/// The curve of congestion avoidance (RFC 9438 §4.2 to §4.5): up to the window at which the network was congested last
/// by a cubic function of time, and never slower than Reno. A value, so that it can be put aside and taken back.
/// Windows are in octets; arithmetic is that of IEEE 754 and of integers, the same on every machine.
/// </summary>
internal struct CubicCurve
{
    /// <summary>β_cubic (RFC 9438 §4.6).</summary>
    public const double Beta = 0.7;

    /// <summary>C, in segments per cubed second (RFC 9438 §5.1).</summary>
    public const double C = 0.4;

    /// <summary>α_cubic, which with β_cubic makes as much of a loss rate as Reno does (RFC 9438 §4.3).</summary>
    public const double Alpha = 3 * (1 - Beta) / (1 + Beta);

    // A longer gap between ACKs was a pause of the sender's.
    private const int MaxGapRoundTrips = 2;

    private bool _hasEpoch;
    private double _maxWindow;
    private double _priorWindow;
    private double _estimate;
    private TimeSpan _toPlateau;
    private TimeSpan _elapsed;
    private TimeSpan _lastAckAt;

    /// <summary>W_max, in octets.</summary>
    public readonly double MaxWindow => _maxWindow;

    /// <summary>K: how long it takes from the beginning of the stage to W_max.</summary>
    public readonly TimeSpan TimeToPlateau => _toPlateau;

    /// <summary>W_est: what Reno would have, in octets.</summary>
    public readonly double RenoWindow => _estimate;

    /// <summary>
    /// Multiplicative decrease is about to follow (RFC 9438 §4.6), with fast convergence (RFC 9438 §4.7).
    /// </summary>
    public void OnCongestion(double window)
    {
        // Whoever did not come as far as the last time makes room for newcomers.
        _maxWindow = window < _maxWindow ? window * (1 + Beta) / 2 : window;
        _priorWindow = window;
        _hasEpoch = false;
    }

    /// <summary>RFC 9438 §4.8: after a timeout the plateau is where congestion avoidance begins.</summary>
    public void OnTimeout(double window)
    {
        _maxWindow = 0;
        _priorWindow = window;
        _hasEpoch = false;
    }

    /// <summary>The window changed otherwise than by the curve: the stage begins anew with the next ACK.</summary>
    public void EndStage() => _hasEpoch = false;

    /// <summary>Time passes without the window being used (RFC 9438 §5.8).</summary>
    public void Pause(TimeSpan now) => _lastAckAt = now;

    /// <summary>The window after an ACK in congestion avoidance.</summary>
    public double Next(double window, in CongestionAck ack)
    {
        CongestionContext context = ack.Context;
        if (!_hasEpoch)
            Begin(window, context);
        TimeSpan gap = context.Now - _lastAckAt;
        TimeSpan longest = context.SmoothedRtt * MaxGapRoundTrips;
        _elapsed += gap < longest ? gap : longest;
        _lastAckAt = context.Now;

        double share = ack.BytesAcked / window;
        double alpha = _estimate >= _priorWindow ? 1 : Alpha;
        _estimate += alpha * share * context.SegmentSize;
        if (WindowAt(_elapsed, context.SegmentSize) < _estimate)
            return Math.Max(window, _estimate);

        double target = WindowAt(_elapsed + context.SmoothedRtt, context.SegmentSize);
        target = Math.Clamp(target, window, 1.5 * window); // RFC 9438 §4.2
        return window + (target - window) * share; // RFC 9438 §4.4, RFC 9438 §4.5
    }

    /// <summary>W_cubic(t), equation 1 of RFC 9438 §4.2.</summary>
    public readonly double WindowAt(TimeSpan time, int segmentSize)
    {
        double seconds = (time - _toPlateau).Ticks / (double)TimeSpan.TicksPerSecond;
        return C * segmentSize * seconds * seconds * seconds + _maxWindow;
    }

    /// <summary>The largest whole number whose cube is not above <paramref name="value"/>.</summary>
    public static ulong CubeRoot(ulong value)
    {
        ulong root = 0;
        for (int bit = (BitOperations.Log2(value | 1) / 3); bit >= 0; bit--)
        {
            ulong next = root | 1UL << bit;
            if ((UInt128)next * next * next <= value)
                root = next;
        }

        return root;
    }

    private void Begin(double window, in CongestionContext context)
    {
        _hasEpoch = true;
        _elapsed = TimeSpan.Zero;
        _lastAckAt = context.Now;
        _estimate = window;
        _toPlateau = TimeSpan.Zero;
        if (window >= _maxWindow)
            _maxWindow = window; // RFC 9438 §4.8, RFC 9438 §4.10: K is zero
        else
            _toPlateau = PlateauAfter((_maxWindow - window) / context.SegmentSize);
    }

    // Equation 2 of RFC 9438 §4.2, in units of 100 µs: their cube is 10^12 per cubed second.
    private static TimeSpan PlateauAfter(double segments)
    {
        const double UnitsPerSecond = 10_000;
        double cube = segments / C * UnitsPerSecond * UnitsPerSecond * UnitsPerSecond;
        ulong root = CubeRoot((ulong)Math.Min(cube, 1e19));
        return new TimeSpan((long)root * (TimeSpan.TicksPerSecond / (long)UnitsPerSecond));
    }
}
