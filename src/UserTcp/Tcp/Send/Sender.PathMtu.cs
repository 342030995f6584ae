using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>Which segments the path carries (RFC 1191, RFC 4821).</content>
internal sealed partial class Sender
{
    private PathMtuSearch _search = new(config.ReceiveMss, config.IsV4);
    private SeqNumber _pathProbeSeq;
    private SeqNumber _pathProbeEnd;
    private bool _hasPathNews;

    // New text waits until there is room for a probe: a path probe is larger than what each ACK makes room for.
    private bool _savesForProbe;

    // Recovery goes on for a probe alone, without a reduction.
    private bool _skipsReduction;

    /// <summary>The MSS that the path's MTU leaves.</summary>
    public Mss PathMss => new(_search.Size);

    /// <summary>A router or the link says which packets it takes (RFC 1191 §6.4).</summary>
    public void OnPathMss(Mss mss)
    {
        int before = SegmentSize;
        _search.OnCeiling(Mss.Min(mss, config.ReceiveMss).Bytes);
        FollowSearch();
        if (SegmentSize < before)
            Flight.MarkOversizedLost(SegmentSize);
    }

    /// <summary>True once after it was found out, without being told, what the path carries.</summary>
    public bool TakePathNews()
    {
        bool had = _hasPathNews;
        _hasPathNews = false;
        return had;
    }

    /// <summary>
    /// A segment of new text that is larger than the others, to see whether it arrives (RFC 4821 §7.4): nothing is
    /// missing, and enough follows that its loss is noticed without a timeout.
    /// </summary>
    public bool TryChoosePathProbe(in SendOffer offer, Instant now, out SendChoice choice)
    {
        choice = default;
        _savesForProbe = false;
        bool isQuiet = Loss.State == RecoveryState.Open && Flight.SackedBytes == 0 && Flight.LostBytes == 0
            && !FinSent && !IsHeldBack && !OnlyProbeOutstanding && !Flight.IsFull;
        if (!config.BlackHoleDetection || !isQuiet || !_search.TryNextProbe(PeerMss.Bytes, now, out int size))
            return false;

        int text = size - _optionBytes - offer.ExtraOptionBytes;
        long needed = text + LossDetection.DupThresh * (long)SegmentSize;
        if (offer.DataEnd - Next < needed || Window.Bytes < needed || CongestionWindow < needed)
            return false;

        _savesForProbe = Math.Min(Room, UsableWindow) < text;
        choice = new SendChoice { Seq = Next, Text = text, FlightIndex = -1, SegmentSize = text, PathProbe = size };
        return !_savesForProbe;
    }

    private void NotePathProbe(in SendChoice choice)
    {
        bool isWhole = choice.PathProbe > 0 && choice.Text == choice.SegmentSize;
        if (isWhole)
        {
            _search.OnProbeSent(choice.PathProbe);
            _pathProbeSeq = choice.Seq;
            _pathProbeEnd = choice.Seq + (uint)choice.Text;
        }
        else if (_search.HasProbe && choice.FlightIndex >= 0 && choice.Seq == _pathProbeSeq)
        {
            _search.OnProbeInconclusive(_lastSentAt + Rtt.Smoothed); // sent again: its ACK says nothing any more
        }
    }

    /// <summary>
    /// Did a smaller size help, and what became of the probe? If it alone was lost, that is no sign of congestion
    /// (RFC 4821 §7.6.2).
    /// </summary>
    private LossSigns JudgePath(LossSigns signs, uint covered, int largestOriginal, Instant now)
    {
        bool isCarried = largestOriginal > 0 && _search.OnDelivered(largestOriginal + _optionBytes);
        if (isCarried || ((signs & LossSigns.Undone) != 0 && _search.OnSpuriousTimeout()))
            FollowSearch();
        _hasPathNews |= isCarried || (covered > 0 && _search.OnProgress(now));
        if (_search.HasProbe && Una >= _pathProbeEnd)
        {
            _search.OnProbeAcknowledged(now);
            _hasPathNews = true;
            FollowSearch();
        }

        if (_search.HasProbe && Flight.LostBytes > 0)
            return JudgeLoss(signs, now);

        bool isMoreLost = _skipsReduction && Loss.State == RecoveryState.Recovery && Loss.NewlyLost > 0;
        _skipsReduction &= Loss.State == RecoveryState.Recovery && !isMoreLost;
        return isMoreLost ? signs | LossSigns.EnteredRecovery : signs;
    }

    private LossSigns JudgeLoss(LossSigns signs, Instant now)
    {
        bool isAlone = Flight[Flight.IndexOfLost()].Seq == _pathProbeSeq
            && Flight.LostBytes <= (uint)(_pathProbeEnd - _pathProbeSeq);
        if (!isAlone || (signs & LossSigns.EnteredRecovery) == 0)
        {
            _search.OnProbeInconclusive(now + Rtt.Smoothed);
            return signs;
        }

        _skipsReduction = true;
        Loss.SkipReduction();
        _search.OnProbeLost(now + ProbeInterval);
        return signs | LossSigns.PathProbeLost;
    }

    // RFC 4821 §7.6.2: not before the next loss would be expected anyway, a window's worth of round trips later.
    private TimeSpan ProbeInterval => Rtt.Smoothed * Math.Max(1, CongestionWindow / SegmentSize);

    /// <summary>A timeout: is it the size (RFC 4821 §7.7)?</summary>
    private void DoubtPath(Instant now)
    {
        const int Reluctance = 5; // RFC 4821 §7.6.3
        _skipsReduction = false;
        if (!config.BlackHoleDetection || !IsSynAcknowledged || Flight.IsEmpty)
            return;

        if (_search.HasProbe && Flight[0].Seq == _pathProbeSeq)
            _search.OnProbeLost(now + Reluctance * ProbeInterval);
        else if (_search.HasProbe)
            _search.OnProbeInconclusive(now + Reluctance * ProbeInterval);
        int text = (int)Math.Min(Flight[0].SegmentSize, Flight[0].Length);
        if (_search.OnTimeout(Retransmissions, text + _optionBytes))
            FollowSearch();
    }

    // What is in flight stays as it is: if it is too large, it is found to be lost, and is cut when it is sent again.
    private void FollowSearch()
    {
        ComputeSegmentSize();
        Congestion?.OnSegmentSize(SegmentSize);
    }
}
