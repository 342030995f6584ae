using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// What one ACK delivered, cumulatively or selectively, gathered while the flight gives it up: what the estimators and
/// loss detection have to know of the segments that are gone by then.
/// </summary>
internal struct AckDigest
{
    /// <summary>When the ACK arrived.</summary>
    public Instant Now;

    /// <summary>The shortest round trip known; zero before the first sample.</summary>
    public TimeSpan MinRtt;

    /// <summary>When that was sent which the peer's timestamp echoes, in whole milliseconds, or never.</summary>
    public Instant EchoedAt;

    /// <summary>Octets newly acknowledged that had not been reported before.</summary>
    public uint AckedBytes;

    /// <summary>Octets newly reported by SACK.</summary>
    public uint SackedBytes;

    /// <summary>The highest end of what was delivered and had been sent only once.</summary>
    public SeqNumber OriginalEnd;

    /// <summary>The lowest end of what was delivered and had been sent only once.</summary>
    public SeqNumber LowestOriginalEnd;

    /// <summary>Whether anything was delivered that had been sent only once.</summary>
    public bool HasOriginal;

    /// <summary>Whether anything was delivered that had been sent once and was taken to be lost.</summary>
    public bool HasLate;

    /// <summary>The text of the largest segment delivered that had been sent only once.</summary>
    public int LargestOriginal;

    /// <summary>Whether anything acknowledged cumulatively had been sent more than once.</summary>
    public bool HasAckedRetransmission;

    /// <summary>
    /// When the lowest of those was sent last: the one that the peer had waited for; never if there is none.
    /// </summary>
    public Instant RetransmittedAt;

    /// <summary>The last segment sent among the delivered, by time and then by number (RFC 8985 §6.2).</summary>
    public Instant RackSentAt;

    public SeqNumber RackEnd;

    /// <summary>The delivered segment from which the rate of delivery is measured.</summary>
    public DeliverySample Delivery;

    private Instant _newestSacked;
    private Instant _newestAcked;

    public AckDigest()
    {
        RackSentAt = Instant.Never;
        EchoedAt = Instant.Never;
        RetransmittedAt = Instant.Never;
        _newestSacked = Instant.Never;
        _newestAcked = Instant.Never;
    }

    public readonly uint Bytes => AckedBytes + SackedBytes;

    /// <summary>When the newest segment acknowledged cumulatively was sent last; never if there is none.</summary>
    public readonly Instant LastSentAt => _newestAcked;

    /// <summary>
    /// When that was sent from which a round trip may be measured. Not if a segment acknowledged with others was sent
    /// more than once: they waited for it at the receiver (RFC 9293 §3.8.1, MUST-18; RFC 6298 §3).
    /// </summary>
    public readonly Instant SampleFrom
    {
        get
        {
            Instant acked = HasAckedRetransmission ? Instant.Never : _newestAcked;
            if (_newestSacked.IsNever || acked.IsNever)
                return _newestSacked.IsNever ? acked : _newestSacked;

            return Instant.Max(acked, _newestSacked);
        }
    }

    /// <summary>
    /// The round trip that the ACK measured, if it did. The echo tells which transmission was answered. If it was an
    /// earlier one than the last, it measures a timeout or the loss of an ACK, and would inflate RTO by just that.
    /// </summary>
    /// <param name="echoed">A round trip by the echoed timestamp.</param>
    public readonly TimeSpan? RoundTrip(TimeSpan? echoed)
    {
        if (!SampleFrom.IsNever)
            return Now - SampleFrom;
        if (LastSentAt.IsNever || echoed is not { } rtt)
            return null;

        TimeSpan clock = TimeSpan.FromMilliseconds(1);
        return rtt <= Now - LastSentAt + clock ? rtt : null;
    }

    public void OnAcked(in SentSegment segment, SeqNumber end, uint length)
    {
        AckedBytes += length;
        if (segment.Has(SentFlags.Ambiguous) && !HasAckedRetransmission)
            RetransmittedAt = segment.SentAt;
        HasAckedRetransmission |= segment.Has(SentFlags.Ambiguous);
        _newestAcked = _newestAcked.IsNever ? segment.SentAt : Instant.Max(_newestAcked, segment.SentAt);
        OnDelivered(segment, end, EchoedAt);
    }

    public void OnSacked(in SentSegment segment)
    {
        SackedBytes += segment.Length;
        bool isNewer = _newestSacked.IsNever || segment.SentAt > _newestSacked;
        if (!segment.Has(SentFlags.Ambiguous) && isNewer)
            _newestSacked = segment.SentAt;
        OnDelivered(segment, segment.End, Instant.Never); // what arrives out of order is not echoed: RFC 7323 §4.3
    }

    private void OnDelivered(in SentSegment segment, SeqNumber end, Instant echoedAt)
    {
        Delivery.Consider(segment);
        if (!segment.Has(SentFlags.Ambiguous))
            NoteOriginal(segment, end);
        else if (IsOfEarlierTransmission(segment, echoedAt))
            return;
        if (RackSentAt.IsNever || Rack.IsSentAfter(segment.SentAt, end, RackSentAt, RackEnd))
        {
            RackSentAt = segment.SentAt;
            RackEnd = end;
        }
    }

    private void NoteOriginal(in SentSegment segment, SeqNumber end)
    {
        HasLate |= segment.Has(SentFlags.Lost);
        LargestOriginal = Math.Max(LargestOriginal, (int)Math.Min(segment.SegmentSize, segment.Length));
        OriginalEnd = HasOriginal ? SeqNumber.Max(OriginalEnd, end) : end;
        LowestOriginalEnd = HasOriginal ? SeqNumber.Min(LowestOriginalEnd, end) : end;
        HasOriginal = true;
    }

    // RFC 8985 §6.2, step 2: the ACK came too soon to be of the retransmission, or echoes an earlier time.
    private readonly bool IsOfEarlierTransmission(in SentSegment segment, Instant echoedAt)
    {
        bool echoesEarlier = !echoedAt.IsNever && echoedAt < segment.SentAt.FloorToMillisecond();
        return echoesEarlier || Now - segment.SentAt < MinRtt;
    }
}
