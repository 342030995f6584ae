using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

/// <summary>
/// The receive sequence space (RFC 9293 §3.3.1) and what is owed to the peer: it counts, the pull sends.
/// </summary>
internal sealed class Receiver(TcpConfig config)
{
    // Half a circle on, the end of what was urgent would seem to lie ahead again.
    private const int UrgentPast = 1 << 30;

    private int _quickAcks = config.QuickAcks;
    private uint _unacknowledgedBytes;
    private bool _ackNow;
    private bool _windowUpdateDue;

    // RFC 9293 §3.7.1 (MUST-15): what a peer sends that was told nothing, the smaller of the two families' sizes.
    // Grows with the segments seen.
    private int _fullSegment = Math.Min(IpFamily.V4.DefaultMss.Bytes, config.ReceiveMss.Bytes);

    public Timestamps Timestamps;
    public SackReport Sack;
    public EcnEcho Echo;
    public ReceiveTuning Tuning;

    /// <summary>IRS.</summary>
    public SeqNumber InitialReceive { get; private set; }

    /// <summary>RCV.NXT.</summary>
    public SeqNumber Next { get; private set; }

    /// <summary>The right edge of the window as the peer knows it; never moves left.</summary>
    public SeqNumber RightEdge { get; private set; }

    /// <summary>RCV.WND.</summary>
    public uint Window => (uint)Math.Max(0, RightEdge - Next);

    /// <summary>Rcv.Wind.Shift, in force once both SYNs carried the option.</summary>
    public WindowScale Scale { get; private set; }

    /// <summary>RCV.NXT when the last ACK was sent (Last.ACK.sent in RFC 7323).</summary>
    public SeqNumber LastAckSent { get; private set; }

    /// <summary>RCV.UP: the octet after the urgent data (RFC 9293 §3.8.5, MUST-62).</summary>
    public SeqNumber UrgentEnd { get; private set; }

    public bool HasUrgent { get; private set; }

    /// <summary>Where the peer's FIN lies, once it has been seen, perhaps out of order.</summary>
    public SeqNumber FinSeq { get; private set; }

    public bool FinSeen { get; private set; }

    public bool FinReceived { get; private set; }

    /// <summary>An ACK is due at once; what came twice is told without delay, too (RFC 2883 §4).</summary>
    public bool AckNow => _ackNow || _windowUpdateDue || Sack.Duplicates > 0;

    /// <summary>In-order text waits for its ACK, by the delayed ACK timer or the next segment.</summary>
    public bool AckDelayed { get; private set; }

    /// <summary>One pure ACK each, for segments out of order or seen before.</summary>
    public int DuplicateAcksOwed { get; private set; }

    public int FullSegment => _fullSegment;

    public void OnSyn(SeqNumber seq)
    {
        InitialReceive = seq;
        Next = seq + 1;
        RightEdge = Next;
        LastAckSent = Next;
        UrgentEnd = Next;
    }

    public void UseScale(WindowScale scale) => Scale = scale;

    /// <summary>The window of a SYN-ACK that was sent before there was a TCB.</summary>
    public void AdoptRightEdge(SeqNumber edge) => RightEdge = SeqNumber.Max(RightEdge, edge);

    /// <summary>RCV.NXT moved over text that came in order, or closed a gap.</summary>
    public void OnInOrder(SeqNumber next, int segmentBytes, int segments, bool filledHole)
    {
        _unacknowledgedBytes += (uint)(next - Next);
        Next = next;
        if (HasUrgent && next - UrgentEnd > UrgentPast)
            HasUrgent = false;
        _fullSegment = Math.Max(_fullSegment, Math.Min(segmentBytes, config.ReceiveMss.Bytes));
        if (AckPolicy.AcknowledgeNow(new TextFacts(_unacknowledgedBytes, _fullSegment, _quickAcks, filledHole)))
            _ackNow = true;
        else
            AckDelayed = true;
        _quickAcks = Math.Max(0, _quickAcks - segments);
        if (filledHole)
            DuplicateAcksOwed = 0; // the ACK that is due says more
    }

    /// <summary>RFC 5681 §4.2: one immediate duplicate ACK for each, so that a peer without SACK can count.</summary>
    public void OweDuplicateAck() => DuplicateAcksOwed = Math.Min(DuplicateAcksOwed + 1, AckPolicy.MaxDuplicateAcks);

    public void OweAck() => _ackNow = true;

    /// <summary>
    /// The window opened far enough to be worth a segment. A duplicate ACK does not tell, it repeats the old one.
    /// </summary>
    public void OweWindowUpdate() => _windowUpdateDue = true;

    public void OnFinSeen(SeqNumber seq)
    {
        FinSeen = true;
        FinSeq = seq;
    }

    public void OnFinReceived()
    {
        FinReceived = true;
        Next += 1;
        _ackNow = true;
    }

    /// <summary>RFC 9293 §3.10.7.4, sixth step: RCV.UP = max(RCV.UP, SEG.UP). True if it moved.</summary>
    public bool OnUrgent(SeqNumber end)
    {
        if (end <= Next || (HasUrgent && end <= UrgentEnd))
            return false;

        HasUrgent = true;
        UrgentEnd = end;
        return true;
    }

    /// <summary>A segment with this acknowledgment and window leaves: nothing is owed any more.</summary>
    public void OnAckSent(WireWindow window, WindowScale scale, bool isDuplicate)
    {
        uint offered = (window << scale).Bytes;
        if (config.AcceptsBeyondField && offered == ushort.MaxValue)
            offered = Math.Max(offered, (uint)config.ReceiveBufferBytes);
        RightEdge = SeqNumber.Max(RightEdge, Next + offered);
        LastAckSent = Next;
        _ackNow = false;
        _windowUpdateDue &= isDuplicate;
        AckDelayed = false;
        _unacknowledgedBytes = 0;
        if (isDuplicate && DuplicateAcksOwed > 0)
            DuplicateAcksOwed--;
    }
}
