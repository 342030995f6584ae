using System.Runtime.InteropServices;
namespace UserTcp.Tcp.Congestion;

/// <summary>
/// HyStart++ (RFC 9406 §4.2): when the shortest round trip of a round rises above that of the round before, a queue is
/// filling. The window then grows conservatively for some rounds (CSS); if the round trip falls again meanwhile, it was
/// a false alarm.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct HyStart
{
    private const int MinSamples = 8; // N_RTT_SAMPLE
    private const int ConservativeRounds = 5; // CSS_ROUNDS
    private const int ThresholdDivisor = 8; // MIN_RTT_DIVISOR

    private static readonly TimeSpan s_minThreshold = TimeSpan.FromMilliseconds(4); // MIN_RTT_THRESH
    private static readonly TimeSpan s_maxThreshold = TimeSpan.FromMilliseconds(16); // MAX_RTT_THRESH

    private TimeSpan _lastRound = TimeSpan.MaxValue;
    private TimeSpan _thisRound = TimeSpan.MaxValue;
    private TimeSpan _baseline = TimeSpan.MaxValue;
    private int _samples;
    private int _rounds;

    public HyStart()
    {
    }

    /// <summary>In conservative slow start.</summary>
    public bool IsConservative { get; private set; }

    /// <summary>Conservative slow start lasted for its rounds: congestion avoidance follows.</summary>
    public readonly bool IsOver => IsConservative && _rounds >= ConservativeRounds;

    public void OnAck(in CongestionAck ack)
    {
        if (ack.Rtt is { } rtt)
            Sample(rtt);
        if (!ack.IsRoundEnd)
            return;

        _rounds += IsConservative ? 1 : 0; // the round in which it began counts (RFC 9406 §4.2)
        _lastRound = _thisRound;
        _thisRound = TimeSpan.MaxValue;
        _samples = 0;
    }

    private void Sample(TimeSpan rtt)
    {
        _thisRound = rtt < _thisRound ? rtt : _thisRound;
        _samples++;
        if (_samples < MinSamples)
            return;

        if (IsConservative && _thisRound < _baseline)
        {
            IsConservative = false;
            _baseline = TimeSpan.MaxValue;
        }
        else if (!IsConservative && _lastRound != TimeSpan.MaxValue && _thisRound >= _lastRound + Threshold)
        {
            IsConservative = true;
            _baseline = _thisRound;
            _rounds = 0;
        }
    }

    private readonly TimeSpan Threshold
    {
        get
        {
            TimeSpan part = _lastRound / ThresholdDivisor;
            return part < s_minThreshold ? s_minThreshold : part > s_maxThreshold ? s_maxThreshold : part;
        }
    }
}
