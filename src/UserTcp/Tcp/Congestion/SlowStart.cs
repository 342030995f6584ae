using System.Runtime.InteropServices;
namespace UserTcp.Tcp.Congestion;

/// <summary>
/// How far a window grows with an ACK in slow start. After a timeout carefully; in the first slow start of a connection
/// more slowly once the round trip rises, if HyStart++ watches it (RFC 9406).
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct SlowStart(bool usesHyStart)
{
    // CSS_GROWTH_DIVISOR of RFC 9406 §4.3.
    private const int ConservativeDivisor = 4;

    private HyStart _delay = new();
    private bool _isAfterTimeout;

    /// <summary>Whether the window has been growing slowly for so long that slow start is over.</summary>
    public readonly bool IsOver => usesHyStart && _delay.IsOver;

    /// <summary>Whether the window grows slowly, to see whether the round trip goes on rising.</summary>
    public readonly bool IsConservative => usesHyStart && _delay.IsConservative;

    /// <summary>Until all that was outstanding is acknowledged, an ACK counts for one segment.</summary>
    public void OnTimeout() => _isAfterTimeout = true;

    public void OnRecovered() => _isAfterTimeout = false;

    /// <summary>What HyStart++ saw is of another time.</summary>
    public void Restart() => _delay = new HyStart();

    /// <summary>Rounds and their round trips are followed, whether the window may grow or not.</summary>
    public void Watch(in CongestionAck ack, bool isFirst)
    {
        // RFC 9406 §4.3: only where no congestion has told the threshold yet.
        if (usesHyStart && isFirst)
            _delay.OnAck(ack);
    }

    /// <summary>
    /// By how much the window grows. Deviation from RFC 5681 §3.1, equation 2, and from the L of RFC 3465 §2.2 and of
    /// RFC 9406 §4.2 where nothing is paced: all that an ACK covers counts, because peers and offloads acknowledge many
    /// segments at once. What is added leaves paced, or stays on the machine's own links.
    /// </summary>
    public readonly long Growth(in CongestionAck ack)
    {
        if (_isAfterTimeout)
            return Math.Min(ack.BytesAcked, ack.Context.SegmentSize); // RFC 3465 §2.3

        return IsConservative ? ack.BytesAcked / ConservativeDivisor : ack.BytesAcked;
    }
}
