using System.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <content>What ACKs and timeouts change: the flight, the estimators, loss detection, congestion control.</content>
internal sealed partial class Sender
{
    /// <summary>An acceptable ACK (SND.UNA ≤ SEG.ACK ≤ SND.NXT).</summary>
    public AckOutcome OnAck(in AckFacts ack, Instant now)
    {
        uint inFlightBefore = BytesInFlight;
        uint lostBefore = Flight.TotalLost;
        long sizeBefore = FlightSize;
        uint covered = (uint)(ack.Ack - Una);
        AckDigest digest = Digest(ack, now);
        Una = ack.Ack;
        IsPartOutstanding &= _partEnd > Una;
        TimeSpan? rtt = Sample(ack, digest);
        if (covered > 0)
            _timer.OnAnswer();

        LossFacts facts = Facts(ack, digest, covered);
        RecoveryState stateBefore = _loss.State;
        bool isAppLimited = !_use.IsLimiting(Congestion);
        LossSigns signs = _loss.OnAck(Flight, facts, digest) | CheckProbe(ack, facts);
        PathVerdict path = JudgePath(signs, covered, digest.LargestOriginal, lostBefore, now);
        signs = path.Signs;
        if (stateBefore == RecoveryState.Loss && (signs & LossSigns.Undone) != 0)
            _timer.OnSpuriousTimeout();
        var congestionAck = new CongestionAck
        {
            Context = Context(now),
            BytesAcked = digest.Bytes,
            PriorBytesInFlight = inFlightBefore,
            Rtt = rtt,
            Sample = _delivery.OnAck(digest, Flight.TotalLost),
            BytesLost = _congestion.TakeLost(Flight.TotalLost),
            IsMarked = ack.HasEcnEcho,
            IsAppLimited = isAppLimited,
            // An echo of marks opens the window as little as a loss does (RFC 3168 §6.1.2); and what lies beyond a gap
            // less than what is acknowledged (RFC 5681 §3.1), unless gaps are the rule.
            InRecovery = ack.HasEcnEcho
                || stateBefore is RecoveryState.Recovery or RecoveryState.CongestionReduced
                || (covered == 0 && !_loss.ReorderingSeen),
            IsRoundEnd = covered > 0 && _congestion.EndsRound(Una, Next),
        };
        if ((signs & LossSigns.Undone) != 0 && Congestion is not null)
            _timer.OnUndone();
        ResponseFacts response = Response(signs, digest.Bytes, covered) with { HasEcnEcho = ack.HasEcnEcho };
        if (_congestion.OnAck(congestionAck, response))
            _ecn.OnReduced(Next);
        if ((signs & LossSigns.EnteredRecovery) != 0)
            _probe.Forget();
        return new AckOutcome(covered, signs, sizeBefore, path.HasNews);
    }

    /// <summary>
    /// Whether an ACK that repeats the last one can tell nothing but the window: nothing is in flight, and nothing is
    /// recovered from or probed for.
    /// </summary>
    public bool IsAtRest =>
        Flight.IsEmpty && _loss.State == RecoveryState.Open
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
            InRecovery = !_loss.ReorderingSeen,
        });
    }

    /// <summary>The reordering timer (RFC 8985 §6.2).</summary>
    public LossSigns OnReorderTimeout(Instant now)
    {
        uint lostBefore = Flight.TotalLost;
        LossSigns signs = _loss.OnReorderTimeout(Flight, Facts(now));
        PathVerdict path = JudgePath(signs, covered: 0, largestOriginal: 0, lostBefore, now);
        Debug.Assert(!path.HasNews, "Without an ACK nothing is found out about the path.");
        signs = path.Signs;
        ResponseFacts response = Response(signs, delivered: 0, covered: 0);
        if (_congestion.OnReorderTimeout(Context(now), response))
            _ecn.OnReduced(Next);
        if ((signs & LossSigns.EnteredRecovery) != 0)
            _probe.Forget();
        return signs;
    }

    /// <summary>RFC 6298 §5.4 to §5.6.</summary>
    public void OnRetransmitTimeout(Instant now)
    {
        CongestionContext before = Context(now);
        bool isRepeated = _timer.OnTimeout(Next);
        _probe.Forget();
        _loss.OnRetransmitTimeout(Flight, Facts(now), isRepeated);
        _congestion.OnRetransmitTimeout(before, isRepeated);
        _ecn.OnReduced(Next);
        DoubtPath(now);
    }

    /// <summary>
    /// An ACK carries ECE. Congestion control reacts as to a loss, but once in a round trip. True if it did.
    /// </summary>
    public bool OnEcnEcho(in AckOutcome ack, Instant now)
    {
        if (Congestion is not { } control || _loss.InRecovery || _ecn.IsWithinReduction(Una))
            return false;

        CongestionContext context = Context(now) with { BytesOutstanding = ack.FlightBefore };
        if (control.CongestionWindow <= SegmentSize)
            _ecn.HoldBack();
        else if (_loss.OnEcnEcho(Next))
            control.OnCongestion(new CongestionSignal { Context = context, Cause = CongestionCause.Ecn });
        _ecn.OnReduced(Next);
        return true;
    }

    /// <summary>Whether the end of the flight may be probed when no ACK comes (RFC 8985 §7.2).</summary>
    public bool MayProbeTail =>
        config.LossRecovery.TailLossProbe && HasSack && IsSynAcknowledged && !_loss.InRecovery && _probe.MayProbe
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

    private TimeSpan? Sample(in AckFacts ack, in AckDigest digest)
    {
        TimeSpan? rtt = digest.RoundTrip(ack.EchoedRtt);
        if (rtt is not { } sample || _timer.HasSlept(sample))
            return null;

        _timer.OnSample(sample, Una, digest.Now);
        _probe.OnRttSample();
        return rtt;
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
        SackBlock duplicate = default;
        bool isDuplicateSack = HasSack && ack.TryGetDuplicate(out duplicate);
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

    private PathVerdict JudgePath(
        LossSigns signs, uint covered, int largestOriginal, uint lostBefore, Instant now)
    {
        var facts = new PathFacts
        {
            Signs = signs,
            State = _loss.State,
            NewlyLost = _loss.NewlyLost,
            Una = Una,
            Covered = covered,
            Delivered = largestOriginal > 0 ? largestOriginal + OptionBytes : 0,
            Now = now,
            SmoothedRtt = Rtt.Smoothed,
        };
        PathVerdict verdict = _path.Judge(facts, Flight);
        if (verdict.IsResized)
            FollowPath();
        if ((verdict.Signs & LossSigns.PathProbeLost) == 0)
            return verdict;

        _path.OnLost(now + ProbeInterval);
        _loss.SkipReduction();
        Flight.ExcuseLosses(lostBefore); // the probe's octets, and nothing else, were found to be lost
        return verdict;
    }

    private void DoubtPath(Instant now)
    {
        const int Reluctance = 5; // RFC 4821 §7.6.3
        _path.EndSkipping();
        if (!config.BlackHoleDetection || !IsSynAcknowledged || Flight.IsEmpty)
            return;

        Instant later = _path.IsOut ? now + Reluctance * ProbeInterval : now;
        if (_path.OnTimeout(Flight[0], _timer.Retransmissions, OptionBytes, later))
            FollowPath();
    }

    // RFC 4821 §7.6.2: not before the next loss would be expected anyway, a window's worth of round trips later.
    // A window may be without a limit; the wait is not.
    private TimeSpan ProbeInterval => Rtt.Smoothed * Math.Clamp(CongestionWindow / SegmentSize, 1, 1 << 20);

    private ResponseFacts Response(LossSigns signs, uint delivered, uint covered) => new()
    {
        Signs = signs,
        State = _loss.State,
        Delivered = delivered,
        Covered = covered,
        NewlyLost = _loss.NewlyLost,
        LostBytes = Flight.LostBytes,
        HasSack = HasSack,
    };
}
