using UserTcp.Primitives;
using UserTcp.Tcp.Congestion;

namespace UserTcp.Tcp.Send;

/// <summary>The facts about losses that decide how the rate follows, after an ACK or a timer.</summary>
internal readonly record struct ResponseFacts
{
    /// <summary>The findings of loss recovery.</summary>
    public LossSigns Signs { get; init; }

    /// <summary>The state of loss recovery after them.</summary>
    public RecoveryState State { get; init; }

    /// <summary>Octets newly acknowledged or reported.</summary>
    public uint Delivered { get; init; }

    /// <summary>Octets newly acknowledged cumulatively.</summary>
    public uint Covered { get; init; }

    /// <summary>Octets found to be lost by this event.</summary>
    public uint NewlyLost { get; init; }

    /// <summary>Octets taken to be lost and not yet sent again.</summary>
    public uint LostBytes { get; init; }

    public bool HasSack { get; init; }

    /// <summary>The ACK carries ECN-Echo.</summary>
    public bool HasEcnEcho { get; init; }

    public bool InRecovery => State is RecoveryState.Recovery or RecoveryState.Loss;
}

/// <summary>
/// The controller and the response to it: it is told of losses, its window is come to in proportion to the text that
/// arrives (<see cref="RateReduction"/>), and it decides the pace.
/// </summary>
internal struct CongestionResponse(bool reducesInProportion, SeqNumber initialSend)
{
    private bool _reducesInProportion = reducesInProportion;
    private SeqNumber _roundEnd = initialSend;
    private uint _lostTold; // of what was lost the controller has heard so much
    private LossMemory? _losses; // most connections never lose anything

    // The last reduction answers losses alone. If the network marked what was in flight, the reduction was due anyway,
    // and stays although nothing was lost (RFC 3168 §6.1.2, RFC 4015 §3.4).
    private bool _mayUndo;

    /// <summary>Null until the handshake has told the segment size.</summary>
    public ICongestionController? Controller { readonly get; private set; }

    /// <summary>Whether the controller is told of what leaves. The built-in ones need not know it.</summary>
    public readonly bool HearsSends => Controller is not (null or Cubic or NewReno);

    /// <summary>cwnd in octets, that of a recovery while it goes on; 0 before the handshake is over.</summary>
    public readonly long Window =>
        Controller is null ? 0
        : _losses is { } losses && losses.Reduction.IsActive ? losses.Reduction.Window
        : Controller.CongestionWindow;

    /// <summary>Octets per second at which segments leave; 0 where they are not paced.</summary>
    public readonly double PacingRate(in RttEstimator rtt, uint inFlight)
    {
        if (Controller is null || !rtt.HasSample)
            return 0;
        if (Controller.PacingRate is { } rate)
            return double.IsFinite(rate) && rate > 0 ? rate : 0;

        return Pacer.DefaultRate(Math.Max(Window, inFlight), Controller.SlowStartThreshold, rtt.Smoothed);
    }

    /// <summary>
    /// The most that one plan may carry: the controller may ask for less, but not for less than a segment.
    /// </summary>
    public readonly int Quantum(int most, int segmentSize) =>
        Controller?.SendQuantum is { } quantum ? Math.Min(most, Math.Max(quantum, segmentSize)) : most;

    /// <summary>The handshake is over.</summary>
    public void Begin(ICongestionController controller)
    {
        Controller = controller;
        _reducesInProportion &= !controller.OwnsRecovery;
    }

    public readonly void OnSent(uint octets) => _losses?.Reduction.OnSent(octets);

    /// <summary>
    /// Something was acknowledged. A round trip ends when that is the first text that was sent after the last one
    /// ended.
    /// </summary>
    public bool EndsRound(SeqNumber una, SeqNumber next)
    {
        if (una < _roundEnd)
            return false;

        _roundEnd = next;
        return true;
    }

    /// <summary>How much of what was ever lost the controller has not heard of; now it has.</summary>
    public uint TakeLost(uint totalLost)
    {
        uint lost = unchecked(totalLost - _lostTold);
        _lostTold = totalLost;
        return lost;
    }

    /// <summary>An ACK, after loss detection has judged it.</summary>
    /// <returns>Whether the window was reduced.</returns>
    public bool OnAck(in CongestionAck ack, in ResponseFacts facts)
    {
        bool isReduced = false;
        if (Controller is not null)
        {
            if ((facts.Signs & LossSigns.Undone) != 0)
                Undo(ack.Context);
            if ((facts.Signs & LossSigns.Recovered) != 0)
                Controller.OnRecovered(ack.Context);
            Controller.OnAck(ack);
            isReduced = React(ack.Context, facts);
        }

        _mayUndo &= !facts.HasEcnEcho;
        Reduce(ack.Context, facts);
        return isReduced;
    }

    /// <summary>The reordering timer ran out.</summary>
    /// <returns>Whether the window was reduced.</returns>
    public bool OnReorderTimeout(in CongestionContext context, in ResponseFacts facts)
    {
        bool isReduced = React(context, facts);
        Reduce(context, facts);
        return isReduced;
    }

    /// <summary>The retransmission timer ran out.</summary>
    public void OnRetransmitTimeout(in CongestionContext before, bool isRepeated)
    {
        _losses?.Reduction.End();
        Controller?.OnRetransmitTimeout(before, isRepeated);
        _mayUndo |= !isRepeated;
    }

    private void Undo(in CongestionContext context)
    {
        if (_mayUndo)
            Controller!.OnSpuriousCongestion(context);
        _mayUndo = false;
    }

    private bool React(in CongestionContext context, in ResponseFacts facts)
    {
        bool isNew = (facts.Signs & LossSigns.EnteredRecovery) != 0
            && (facts.Signs & (LossSigns.AlreadyReduced | LossSigns.PathProbeLost)) == 0;
        bool isRepaired = (facts.Signs & LossSigns.RepairedByProbe) != 0 && !facts.InRecovery;
        if (!isNew && !isRepaired && !IsLostAgain(context, facts.Signs))
            return false;

        Controller?.OnCongestion(new CongestionSignal { Context = context, BytesLost = facts.LostBytes });
        _mayUndo = !isRepaired;
        return true;
    }

    // Without the rate reduction the loss of a retransmission is congestion once more, but once in a round trip
    // (RFC 8985 §9.3, RFC 5681 §4.3).
    private bool IsLostAgain(in CongestionContext context, LossSigns signs)
    {
        if ((signs & LossSigns.LostAgain) == 0 || _reducesInProportion)
            return false;

        _losses ??= new LossMemory();
        if (context.Now - _losses.LostAgainAt < context.SmoothedRtt)
            return false;

        _losses.LostAgainAt = context.Now;
        return true;
    }

    // RFC 6937 §3. Without SACK the inflation of RFC 6582 says what left the network.
    private void Reduce(in CongestionContext context, in ResponseFacts facts)
    {
        if (!facts.InRecovery)
            _losses?.Reduction.End();
        if (!facts.HasSack || facts.State != RecoveryState.Recovery || !_reducesInProportion)
            return;

        if ((facts.Signs & LossSigns.EnteredRecovery) != 0)
        {
            _losses ??= new LossMemory();
            _losses.Reduction.Begin(context.BytesInFlight + facts.LostBytes + facts.Delivered);
        }

        _losses?.Reduction.OnAck(new ReductionFacts
        {
            Delivered = facts.Delivered,
            InFlight = context.BytesInFlight,
            Threshold = Controller!.CongestionWindow,
            SegmentSize = context.SegmentSize,
            IsSafe = facts.Covered > 0 && facts.NewlyLost == 0,
        });
    }

    private sealed class LossMemory
    {
        public RateReduction Reduction;
        public TimeSpan LostAgainAt = TimeSpan.MinValue / 2;
    }
}
