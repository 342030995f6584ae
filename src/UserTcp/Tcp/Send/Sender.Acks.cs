using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <content>What ACKs and timeouts change: the flight, the estimators, loss detection, congestion control.</content>
internal sealed partial class Sender
{
    /// <summary>A sample of so many timeouts is no round trip.</summary>
    private const int SleepFactor = 4;

    private TimeSpan _lostAgainAt = TimeSpan.MinValue / 2;

    // The last reduction answers losses alone. If the network marked what was in flight, the reduction was due anyway,
    // and stays although nothing was lost (RFC 3168 §6.1.2, RFC 4015 §3.4).
    private bool _mayUndoReduction;

    /// <summary>
    /// An acceptable ACK (SND.UNA ≤ SEG.ACK ≤ SND.NXT). Returns the octets it newly covers, SYN and FIN counted.
    /// </summary>
    public uint OnAck(in AckFacts ack, Instant now, out LossSigns signs)
    {
        uint flightBefore = BytesInFlight;
        _sizeBeforeAck = FlightSize;
        uint covered = (uint)(ack.Ack - Una);
        AckDigest digest = Digest(ack, now);
        Una = ack.Ack;
        TimeSpan? rtt = Sample(ack, digest);
        if (covered > 0)
            Retransmissions = 0;

        LossFacts facts = Facts(ack, digest, covered);
        RecoveryState stateBefore = Loss.State;
        bool isAppLimited = !IsCongestionLimited;
        signs = JudgePath(Loss.OnAck(Flight, facts, digest) | CheckProbe(ack, facts), covered,
            digest.LargestOriginal, now);
        _wasSpurious |= stateBefore == RecoveryState.Loss && (signs & LossSigns.Undone) != 0;
        double rate = _delivery.OnAck(digest);
        TellCongestion(new CongestionAck
        {
            Context = Context(now),
            BytesAcked = digest.Bytes,
            PriorBytesInFlight = flightBefore,
            Rtt = rtt,
            DeliveryRate = rate,
            IsAppLimited = isAppLimited,
            // An echo of marks opens the window as little as a loss does (RFC 3168 §6.1.2); and what lies beyond a gap
            // less than what is acknowledged (RFC 5681 §3.1), unless gaps are the rule.
            InRecovery = ack.HasEcnEcho
                || stateBefore is RecoveryState.Recovery or RecoveryState.CongestionReduced
                || (covered == 0 && !Loss.ReorderingSeen),
            IsRoundEnd = IsRoundEnd(covered),
        }, signs);
        _mayUndoReduction &= !ack.HasEcnEcho;
        Reduce(digest.Bytes, covered, signs);
        return covered;
    }

    /// <summary>
    /// Whether an ACK that repeats the last one can tell nothing but the window: nothing is in flight, and nothing is
    /// recovered from or probed for.
    /// </summary>
    public bool IsAtRest =>
        Flight.IsEmpty && Loss.State == RecoveryState.Open
        && !_probe.IsOutstanding && !_search.HasProbe && !_skipsReduction;

    /// <summary>
    /// What is left of <see cref="OnAck"/> where the ACK repeats the last one and <see cref="IsAtRest"/>, as every
    /// segment does to an end that only receives: congestion control hears that its window goes unused.
    /// </summary>
    public void OnRepeatedAckAtRest(Instant now)
    {
        _sizeBeforeAck = 0;
        Congestion?.OnAck(new CongestionAck
        {
            Context = Context(now),
            IsAppLimited = true,
            InRecovery = !Loss.ReorderingSeen,
        });
    }

    /// <summary>The reordering timer (RFC 8985 §6.2).</summary>
    public LossSigns OnReorderTimeout(Instant now)
    {
        LossSigns signs = JudgePath(
            Loss.OnReorderTimeout(Flight, Facts(now)), covered: 0, largestOriginal: 0, now);
        React(Context(now), signs);
        Reduce(delivered: 0, covered: 0, signs);
        return signs;
    }

    /// <summary>RFC 6298 §5.4 to §5.6.</summary>
    public void OnRetransmitTimeout(Instant now)
    {
        CongestionContext before = Context(now);
        bool isRepeated = Retransmissions > 0;
        NoteTimeout(isRepeated);
        Retransmissions++;
        Backoff++;
        _probe.Forget();
        _reduction.End();
        Loss.OnRetransmitTimeout(Flight, Facts(now), isRepeated);
        Congestion?.OnRetransmitTimeout(before, isRepeated);
        _mayUndoReduction |= !isRepeated;
        NoteReduction();
        DoubtPath(now);
    }

    /// <summary>Whether the end of the flight may be probed when no ACK comes (RFC 8985 §7.2).</summary>
    public bool MayProbeTail =>
        config.LossRecovery.TailLossProbe && HasSack && IsSynAcknowledged && !Loss.InRecovery && _probe.MayProbe
        && !Flight.IsEmpty && Flight.SackedBytes == 0 && Flight.LostBytes == 0 && !OnlyProbeOutstanding;

    /// <summary>PTO (RFC 8985 §7.2).</summary>
    public TimeSpan ProbeTimeout => TailLossProbe.Timeout(Rtt, Flight.Bytes <= SegmentSize);

    private AckDigest Digest(in AckFacts ack, Instant now)
    {
        var digest = new AckDigest { Now = now, MinRtt = Rtt.Minimum };
        if (ack.EchoedRtt is { } echoed)
            digest.EchoedAt = now.FloorToMillisecond() - echoed;
        for (int i = 0; i < ack.SackCount; i++)
        {
            // A D-SACK reports below the acknowledgment; what lies beyond SND.NXT was never sent.
            SackBlock block = ack.Sack[i];
            if (HasSack && block.Left >= ack.Ack && block.Right <= Next)
                Flight.Sack(block, ref digest);
        }

        Flight.AckTo(ack.Ack, ref digest);
        return digest;
    }

    // RFC 2883 §5: the first block, if it lies below its own segment's acknowledgment number or within the second.
    private bool TryGetDuplicateSack(in AckFacts ack, out SackBlock duplicate)
    {
        duplicate = ack.SackCount > 0 ? ack.Sack[0] : default;
        if (!HasSack || ack.SackCount == 0)
            return false;
        if (duplicate.Right <= ack.Ack)
            return true;

        return ack.SackCount > 1 && duplicate.Left >= ack.Sack[1].Left && duplicate.Right <= ack.Sack[1].Right;
    }

    private TimeSpan? Sample(in AckFacts ack, in AckDigest digest)
    {
        Instant from = digest.SampleFrom;
        TimeSpan? rtt = !from.IsNever
            ? digest.Now - from
            : EchoedSample(ack.EchoedRtt, digest.LastSentAt, digest.Now);
        if (rtt is not { } sample || HasSlept(sample))
            return null;

        TakeSample(sample, digest.Now);
        return rtt;
    }

    // By then the timer would have sent it again: the machine was suspended, and what was measured is its sleep. Taken,
    // it would be minutes of SRTT, and pacing would spread a window over them.
    private bool HasSlept(TimeSpan sample) => Rtt.HasSample && sample > SleepFactor * RetransmitTimeout;

    // The echo tells which transmission was answered. If it was an earlier one than the last, what it measures holds a
    // timeout or the loss of an ACK, and would inflate RTO by just that.
    private static TimeSpan? EchoedSample(TimeSpan? echoed, Instant lastSentAt, Instant now)
    {
        if (lastSentAt.IsNever || echoed is not { } rtt)
            return null;

        TimeSpan clock = TimeSpan.FromMilliseconds(1);
        return rtt <= now - lastSentAt + clock ? rtt : null;
    }

    private LossSigns CheckProbe(in AckFacts ack, in LossFacts facts)
    {
        bool isDuplicate = ack.IsDuplicate && ack.SackCount == 0;
        bool ofProbe = facts.IsDuplicateSack && _probe.IsOfProbe(facts.DuplicateRight);
        return _probe.OnAck(ack.Ack, isDuplicate, ofProbe) ? LossSigns.RepairedByProbe : LossSigns.None;
    }

    private LossFacts Facts(Instant now) => new()
    {
        Now = now,
        Una = Una,
        Next = Next,
        HasSack = HasSack,
        SegmentSize = SegmentSize,
        MinRtt = Rtt.Minimum,
        SmoothedRtt = Rtt.Smoothed,
    };

    private LossFacts Facts(in AckFacts ack, in AckDigest digest, uint covered)
    {
        bool isDuplicateSack = TryGetDuplicateSack(ack, out SackBlock duplicate);
        return Facts(digest.Now) with
        {
            Acked = covered,
            Sacked = digest.SackedBytes,
            IsDuplicate = ack.IsDuplicate,
            HasEcnEcho = ack.HasEcnEcho,
            IsDuplicateSack = isDuplicateSack,
            DuplicateLeft = duplicate.Left,
            DuplicateRight = duplicate.Right,
        };
    }

    private void TellCongestion(in CongestionAck ack, LossSigns signs)
    {
        if (Congestion is null)
            return;
        if ((signs & LossSigns.Undone) != 0)
            UndoReduction(ack.Context);

        if ((signs & LossSigns.Recovered) != 0)
            Congestion.OnRecovered(ack.Context);
        Congestion.OnAck(ack);
        React(ack.Context, signs);
    }

    private void UndoReduction(in CongestionContext context)
    {
        Backoff = 0;
        if (_mayUndoReduction)
            Congestion!.OnSpuriousCongestion(context);
        _mayUndoReduction = false;
    }

    private void React(in CongestionContext context, LossSigns signs)
    {
        bool isNew = (signs & LossSigns.EnteredRecovery) != 0
            && (signs & (LossSigns.AlreadyReduced | LossSigns.PathProbeLost)) == 0;
        bool isRepaired = (signs & LossSigns.RepairedByProbe) != 0 && !Loss.InRecovery;
        if (!isNew && !isRepaired && !IsLostAgain(context, signs))
            return;

        Congestion?.OnCongestion(new CongestionSignal { Context = context, BytesLost = Flight.LostBytes });
        _mayUndoReduction = !isRepaired;
        NoteReduction();
    }

    // Without the rate reduction the loss of a retransmission is congestion once more, but once in a round trip
    // (RFC 8985 §9.3, RFC 5681 §4.3).
    private bool IsLostAgain(in CongestionContext context, LossSigns signs)
    {
        bool isLater = context.Now - _lostAgainAt >= Rtt.Smoothed;
        if ((signs & LossSigns.LostAgain) == 0 || config.LossRecovery.ProportionalRateReduction || !isLater)
            return false;

        _lostAgainAt = context.Now;
        return true;
    }

    // RFC 6937 §3. Without SACK the inflation of RFC 6582 says what left the network.
    private void Reduce(uint delivered, uint covered, LossSigns signs)
    {
        if ((signs & LossSigns.EnteredRecovery) != 0)
            _probe.Forget();
        if (!Loss.InRecovery)
            _reduction.End();
        if (!HasSack || Loss.State != RecoveryState.Recovery || !config.LossRecovery.ProportionalRateReduction)
            return;

        if ((signs & LossSigns.EnteredRecovery) != 0)
            _reduction.Begin(BytesInFlight + Flight.LostBytes + delivered);
        _reduction.OnAck(new ReductionFacts
        {
            Delivered = delivered,
            InFlight = BytesInFlight,
            Threshold = Congestion!.CongestionWindow,
            SegmentSize = SegmentSize,
            IsSafe = covered > 0 && Loss.NewlyLost == 0,
        });
    }

    // A round trip ends when the first text that was sent after the last one ended is acknowledged.
    private bool IsRoundEnd(uint covered)
    {
        if (covered == 0 || Una < _roundEnd)
            return false;

        _roundEnd = Next;
        return true;
    }
}
