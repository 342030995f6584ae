using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <content>What ACKs and timeouts change: the flight, the estimators, loss detection, congestion control.</content>
internal sealed partial class Sender
{
    private TimeSpan _lostAgainAt = TimeSpan.MinValue / 2;

    // The last reduction answers losses alone. If the network marked what was in flight, the reduction was due anyway,
    // and stays although nothing was lost (RFC 3168 §6.1.2, RFC 4015 §3.4).
    private bool _mayUndoReduction;

    /// <summary>An acceptable ACK (SND.UNA ≤ SEG.ACK ≤ SND.NXT).</summary>
    public AckOutcome OnAck(in AckFacts ack, Instant now)
    {
        uint inFlightBefore = BytesInFlight;
        long sizeBefore = FlightSize;
        uint covered = (uint)(ack.Ack - Una);
        AckDigest digest = Digest(ack, now);
        Una = ack.Ack;
        _isPartOutstanding &= _partEnd > Una;
        TimeSpan? rtt = Sample(ack, digest);
        if (covered > 0)
            _timer.OnAnswer();

        LossFacts facts = Facts(ack, digest, covered);
        RecoveryState stateBefore = Loss.State;
        bool isAppLimited = !_use.IsLimiting(Congestion);
        LossSigns signs = Loss.OnAck(Flight, facts, digest) | CheckProbe(ack, facts);
        PathVerdict path = JudgePath(signs, covered, digest.LargestOriginal, now);
        signs = path.Signs;
        if (stateBefore == RecoveryState.Loss && (signs & LossSigns.Undone) != 0)
            _timer.OnSpuriousTimeout();
        double rate = _delivery.OnAck(digest);
        TellCongestion(new CongestionAck
        {
            Context = Context(now),
            BytesAcked = digest.Bytes,
            PriorBytesInFlight = inFlightBefore,
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
        return new AckOutcome(covered, signs, sizeBefore, path.HasNews);
    }

    /// <summary>
    /// Whether an ACK that repeats the last one can tell nothing but the window: nothing is in flight, and nothing is
    /// recovered from or probed for.
    /// </summary>
    public bool IsAtRest =>
        Flight.IsEmpty && Loss.State == RecoveryState.Open
        && !_probe.IsOutstanding && !_path.IsOut && !_path.SkipsReduction;

    /// <summary>
    /// What is left of <see cref="OnAck"/> where the ACK repeats the last one and <see cref="IsAtRest"/>, as every
    /// segment does to an end that only receives: congestion control hears that its window goes unused.
    /// </summary>
    public void OnRepeatedAckAtRest(Instant now)
    {
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
        LossSigns signs = Loss.OnReorderTimeout(Flight, Facts(now));
        signs = JudgePath(signs, covered: 0, largestOriginal: 0, now).Signs;
        React(Context(now), signs);
        Reduce(delivered: 0, covered: 0, signs);
        return signs;
    }

    /// <summary>RFC 6298 §5.4 to §5.6.</summary>
    public void OnRetransmitTimeout(Instant now)
    {
        CongestionContext before = Context(now);
        bool isRepeated = _timer.OnTimeout(Next);
        _probe.Forget();
        _reduction.End();
        Loss.OnRetransmitTimeout(Flight, Facts(now), isRepeated);
        Congestion?.OnRetransmitTimeout(before, isRepeated);
        _mayUndoReduction |= !isRepeated;
        _ecn.OnReduced(Next);
        DoubtPath(now);
    }

    /// <summary>
    /// An ACK carries ECE. Congestion control reacts as to a loss, but once in a round trip. True if it did.
    /// </summary>
    public bool OnEcnEcho(in AckOutcome ack, Instant now)
    {
        if (Congestion is null || Loss.InRecovery || _ecn.IsWithinReduction(Una))
            return false;

        CongestionContext context = Context(now) with { BytesOutstanding = ack.FlightBefore };
        if (Congestion.CongestionWindow <= SegmentSize)
            _ecn.HoldBack();
        else if (Loss.OnEcnEcho(Next))
            Congestion.OnCongestion(new CongestionSignal { Context = context, Cause = CongestionCause.Ecn });
        _ecn.OnReduced(Next);
        return true;
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
        if (rtt is not { } sample || _timer.HasSlept(sample))
            return null;

        _timer.OnSample(sample, Una, digest.Now);
        _probe.OnRttSample();
        return rtt;
    }

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

    private PathVerdict JudgePath(LossSigns signs, uint covered, int largestOriginal, Instant now)
    {
        var facts = new PathFacts
        {
            Signs = signs,
            State = Loss.State,
            NewlyLost = Loss.NewlyLost,
            Una = Una,
            Covered = covered,
            Delivered = largestOriginal > 0 ? largestOriginal + _optionBytes : 0,
            Now = now,
            SmoothedRtt = Rtt.Smoothed,
            Interval = ProbeInterval,
        };
        PathVerdict verdict = _path.Judge(facts, Flight);
        if (verdict.IsResized)
            FollowPath();
        if ((verdict.Signs & LossSigns.PathProbeLost) != 0)
            Loss.SkipReduction();
        return verdict;
    }

    private void DoubtPath(Instant now)
    {
        const int Reluctance = 5; // RFC 4821 §7.6.3
        _path.EndSkipping();
        if (!config.BlackHoleDetection || !IsSynAcknowledged || Flight.IsEmpty)
            return;
        if (_path.OnTimeout(Flight[0], _timer.Retransmissions, _optionBytes, now + Reluctance * ProbeInterval))
            FollowPath();
    }

    private TimeSpan ProbeInterval => Rtt.Smoothed * Math.Max(1, CongestionWindow / SegmentSize);

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
        _timer.OnUndone();
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
        _ecn.OnReduced(Next);
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
