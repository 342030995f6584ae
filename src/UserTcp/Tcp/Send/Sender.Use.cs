using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>Whether cwnd, or something else, holds the sender back (RFC 7661 §4.3, RFC 9438 §5.8).</content>
internal sealed partial class Sender
{
    // The use of the flight up to _useEnd: whether cwnd was full once, and the most that was outstanding.
    private bool _wasWindowFull;
    private uint _mostOutstanding;
    private SeqNumber _useEnd = initialSend;

    /// <summary>
    /// cwnd grows only while it is used. A flight is judged as a whole, as Linux judges it: its last ACKs arrive when
    /// little of it is left, and count like its first ones. In slow start half of cwnd in use is enough, or bursts
    /// from the application would never get it going.
    /// </summary>
    private bool IsCongestionLimited
    {
        get
        {
            bool inSlowStart = Congestion is { } control && control.CongestionWindow < control.SlowStartThreshold;
            return _wasWindowFull || (inSlowStart && 2L * _mostOutstanding > Congestion!.CongestionWindow);
        }
    }

    // New text left, or cwnd kept it back. A new flight begins when all is acknowledged that was judged last.
    private void NoteUse(bool isLimited)
    {
        bool isMore = isLimited || (!_wasWindowFull && Flight.Bytes > _mostOutstanding);
        if (Una < _useEnd && !isMore)
            return;

        _wasWindowFull = isLimited;
        _mostOutstanding = Flight.Bytes;
        _useEnd = Next;
    }
}
