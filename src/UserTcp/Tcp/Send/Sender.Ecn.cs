using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>The network's marks, as the peer echoes them (RFC 3168 §6.1.2).</content>
internal sealed partial class Sender
{
    // SND.NXT at the last reduction, whatever its cause: echoes of what was sent before it are old news.
    private SeqNumber _reducedAt;
    private bool _hasReduced;

    // FlightSize when the ACK arrived that is being looked at: what the network marked was a part of it.
    private long _sizeBeforeAck;

    /// <summary>The next new text says CWR: the window was reduced, for loss or for marks.</summary>
    public bool OwesCwr { get; private set; }

    /// <summary>
    /// The network is congested although one segment is all that may be in flight: nothing new leaves until the
    /// retransmission timer has run out.
    /// </summary>
    public bool IsHeldBack { get; private set; }

    // The segment that carries CWR is not acknowledged yet. Until then ECE says nothing new.
    private bool IsWithinReduction => _hasReduced && Una <= _reducedAt;

    /// <summary>
    /// The ACK that was taken last carries ECE. Congestion control reacts as to a loss, but once in a round trip. True
    /// if it did.
    /// </summary>
    public bool OnEcnEcho(Instant now)
    {
        if (Congestion is null || Loss.InRecovery || IsWithinReduction)
            return false;

        CongestionContext context = Context(now) with { BytesOutstanding = _sizeBeforeAck };
        if (Congestion.CongestionWindow <= SegmentSize)
            IsHeldBack = true;
        else if (Loss.OnEcnEcho(Next))
            Congestion.OnCongestion(new CongestionSignal { Context = context, Cause = CongestionCause.Ecn });
        NoteReduction();
        return true;
    }

    /// <summary>The retransmission timer ran out: the wait that marks imposed is over.</summary>
    public void EndHoldBack() => IsHeldBack = false;

    /// <summary>New text left with CWR on it.</summary>
    public void OnCwrSent() => OwesCwr = false;

    private void NoteReduction()
    {
        _reducedAt = Next;
        _hasReduced = true;
        OwesCwr = true;
    }
}
