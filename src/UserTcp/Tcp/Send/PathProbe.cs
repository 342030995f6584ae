using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>One ACK, or a moment, as the search for the path's MTU sees it.</summary>
internal readonly record struct PathFacts
{
    /// <summary>The findings of loss detection.</summary>
    public LossSigns Signs { get; init; }

    /// <summary>The state of loss recovery after them.</summary>
    public RecoveryState State { get; init; }

    /// <summary>Octets found to be lost by this event.</summary>
    public uint NewlyLost { get; init; }

    public SeqNumber Una { get; init; }

    /// <summary>Octets newly acknowledged.</summary>
    public uint Covered { get; init; }

    /// <summary>
    /// The largest segment delivered that had been sent only once, its options counted; 0 if there is none.
    /// </summary>
    public int Delivered { get; init; }

    public Instant Now { get; init; }

    public TimeSpan SmoothedRtt { get; init; }
}

/// <summary>The findings about the path.</summary>
/// <param name="Signs">Those of loss detection, corrected: the loss of a probe alone is no congestion.</param>
/// <param name="IsResized">Whether the segment size changed.</param>
/// <param name="HasNews">Whether it was found out, without being told, what the path carries.</param>
internal readonly record struct PathVerdict(LossSigns Signs, bool IsResized, bool HasNews);

/// <summary>
/// The probe of new text that is larger than the others, to see whether it arrives, and what it says.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct PathProbe(Mss ceiling, IpFamily family)
{
    private PathMtuSearch _search = new(ceiling, family);
    private SeqNumber _seq;
    private SeqNumber _end;

    /// <summary>The MSS that the path's MTU leaves.</summary>
    public readonly Mss Mss => new(_search.Size);

    public readonly IpFamily Family => _search.Family;

    /// <summary>The largest packet that the path is thought to carry, in octets.</summary>
    public readonly int Mtu => _search.Size + Family.SegmentHeaderBytes;

    /// <summary>A probe is out.</summary>
    public readonly bool IsOut => _search.HasProbe;

    /// <summary>Recovery goes on for a probe alone, without a reduction.</summary>
    public bool SkipsReduction { readonly get; private set; }

    /// <summary>A router or the link says which packets it takes (RFC 1191 §6.4).</summary>
    public void OnCeiling(Mss mss) => _search.OnCeiling(mss.Bytes);

    /// <summary>The next size to be probed, if one is due (<see cref="PathMtuSearch.TryNextProbe"/>).</summary>
    public readonly bool TryNext(int limit, Instant now, out int size, out bool isFound) =>
        _search.TryNextProbe(limit, now, out size, out isFound);

    /// <summary>There is no size left to be probed.</summary>
    public void OnFound(Instant now) => _search.OnFound(now);

    /// <summary>Text left: perhaps a probe, perhaps one that is sent again.</summary>
    /// <param name="choice">The text.</param>
    /// <param name="later">When the next probe may leave if this makes the present one inconclusive.</param>
    public void OnSent(in SendChoice choice, Instant later)
    {
        bool isWhole = choice.PathProbe > 0 && choice.Text == choice.SegmentSize;
        if (isWhole)
        {
            _search.OnProbeSent(choice.PathProbe);
            _seq = choice.Seq;
            _end = choice.Seq + (uint)choice.Text;
        }
        else if (_search.HasProbe && choice.FlightIndex >= 0 && choice.Seq == _seq)
        {
            _search.OnProbeInconclusive(later); // sent again: its ACK says nothing any more
        }
    }

    /// <summary>
    /// Did a smaller size help, and what became of the probe? If it alone was lost, that is no sign of congestion
    /// (RFC 4821 §7.6.2).
    /// </summary>
    public PathVerdict Judge(in PathFacts facts, Flight flight)
    {
        bool isCarried = facts.Delivered > 0 && _search.OnDelivered(facts.Delivered);
        bool isResized = isCarried || ((facts.Signs & LossSigns.Undone) != 0 && _search.OnSpuriousTimeout());
        bool hasNews = isCarried || (facts.Covered > 0 && _search.OnProgress(facts.Now));
        if (_search.HasProbe && facts.Una >= _end)
        {
            _search.OnProbeAcknowledged(facts.Now);
            isResized = hasNews = true;
        }

        return new PathVerdict(JudgeLoss(facts, flight), isResized, hasNews);
    }

    /// <summary>The probe alone was lost (<see cref="LossSigns.PathProbeLost"/>).</summary>
    /// <param name="later">When the next probe may leave.</param>
    public void OnLost(Instant later) => _search.OnProbeLost(later);

    /// <summary>A timeout: is it the size (RFC 4821 §7.7)?</summary>
    /// <param name="first">The segment that was not acknowledged.</param>
    /// <param name="timeouts">Timeouts in a row.</param>
    /// <param name="optionBytes">The options of every segment.</param>
    /// <param name="later">When the next probe may leave.</param>
    /// <returns>Whether the segment size changed.</returns>
    public bool OnTimeout(in SentSegment first, int timeouts, int optionBytes, Instant later)
    {
        if (_search.HasProbe && first.Seq == _seq)
            _search.OnProbeLost(later);
        else if (_search.HasProbe)
            _search.OnProbeInconclusive(later);
        int text = (int)Math.Min(first.SegmentSize, first.Length);
        return _search.OnTimeout(timeouts, text + optionBytes);
    }

    /// <summary>The recovery, if there was one, is no longer the probe's.</summary>
    public void EndSkipping() => SkipsReduction = false;

    private LossSigns JudgeLoss(in PathFacts facts, Flight flight)
    {
        if (!_search.HasProbe || flight.LostBytes == 0)
            return JudgeMore(facts);

        bool isAlone = flight[flight.IndexOfLost()].Seq == _seq && flight.LostBytes <= (uint)(_end - _seq);
        if (!isAlone || (facts.Signs & LossSigns.EnteredRecovery) == 0)
        {
            _search.OnProbeInconclusive(facts.Now + facts.SmoothedRtt);
            return facts.Signs;
        }

        SkipsReduction = true;
        return facts.Signs | LossSigns.PathProbeLost;
    }

    // A recovery that began with the probe alone becomes an ordinary one if more is lost.
    private LossSigns JudgeMore(in PathFacts facts)
    {
        bool isRecovering = facts.State == RecoveryState.Recovery;
        bool isMoreLost = SkipsReduction && isRecovering && facts.NewlyLost > 0;
        SkipsReduction &= isRecovering && !isMoreLost;
        return isMoreLost ? facts.Signs | LossSigns.EnteredRecovery : facts.Signs;
    }
}
