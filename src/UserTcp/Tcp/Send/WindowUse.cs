using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Whether cwnd, or something else, holds the sender back (RFC 7661 §4.3, RFC 9438 §5.8). cwnd grows only while it is
/// used. A flight is judged as a whole, as Linux judges it: its last ACKs arrive when little of it is left, and count
/// like its first ones.
/// </summary>
internal struct WindowUse(SeqNumber initialSend)
{
    // The use of the flight up to _end: whether cwnd was full once, and the most that was outstanding.
    private SeqNumber _end = initialSend;
    private uint _mostOutstanding;
    private bool _wasFull;

    /// <summary>
    /// Whether cwnd is what limits. In slow start half of it in use is enough, or bursts from the application would
    /// never get it going.
    /// </summary>
    public readonly bool IsLimiting(ICongestionController? control)
    {
        bool inSlowStart = control is not null && control.CongestionWindow < control.SlowStartThreshold;
        return _wasFull || (inSlowStart && 2L * _mostOutstanding > control!.CongestionWindow);
    }

    /// <summary>
    /// New text left, or cwnd kept it back. A new flight begins when all is acknowledged that was judged last.
    /// </summary>
    public void Note(bool isLimited, SeqNumber una, SeqNumber next, uint outstanding)
    {
        bool isMore = isLimited || (!_wasFull && outstanding > _mostOutstanding);
        if (una < _end && !isMore)
            return;

        _wasFull = isLimited;
        _mostOutstanding = outstanding;
        _end = next;
    }
}
