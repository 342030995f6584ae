namespace UserTcp.Tcp.Send;

/// <summary>The facts of one ACK in a recovery that its rate needs, in octets.</summary>
internal readonly record struct ReductionFacts
{
    /// <summary>DeliveredData: newly acknowledged or reported.</summary>
    public long Delivered { get; init; }

    /// <summary>pipe: what is in the network, this ACK taken into account.</summary>
    public long InFlight { get; init; }

    /// <summary>ssthresh, the window to come to.</summary>
    public long Threshold { get; init; }

    public int SegmentSize { get; init; }

    /// <summary>SafeACK: SND.UNA advanced, and nothing more was found to be lost.</summary>
    public bool IsSafe { get; init; }
}

/// <summary>
/// Proportional rate reduction (RFC 6937): through a recovery segments leave in proportion to what arrives, so that the
/// window comes down to ssthresh without a pause and without a burst. Below ssthresh the bound is conservative, and
/// that of slow start when all goes well.
/// </summary>
internal struct RateReduction
{
    private long _flightAtStart;
    private long _delivered;
    private long _sent;

    public bool IsActive { readonly get; private set; }

    /// <summary>cwnd for now: what is in the network and what may be added.</summary>
    public long Window { readonly get; private set; }

    /// <param name="flight">RecoverFS: what was in the network when the loss was found, what was lost included.</param>
    public void Begin(long flight)
    {
        this = default;
        IsActive = true;
        _flightAtStart = Math.Max(1, flight);
    }

    public void End() => IsActive = false;

    public void OnSent(long octets)
    {
        if (IsActive)
            _sent += octets;
    }

    /// <summary>RFC 6937 §3, with the reduction bound chosen by each ACK.</summary>
    public void OnAck(in ReductionFacts facts)
    {
        if (!IsActive)
            return;

        _delivered += facts.Delivered;
        long room = facts.InFlight > facts.Threshold
            ? (long)Math.Ceiling((double)_delivered * facts.Threshold / _flightAtStart) - _sent
            : Math.Min(facts.Threshold - facts.InFlight, Bound(facts));
        if (_sent == 0)
            room = Math.Max(room, facts.SegmentSize); // the fast retransmit itself
        Window = facts.InFlight + Math.Max(0, room);
    }

    // The conservative bound sends what was delivered; with a segment more it grows like slow start.
    private readonly long Bound(in ReductionFacts facts)
    {
        long conservative = Math.Max(_delivered - _sent, facts.Delivered);
        return facts.IsSafe ? conservative + facts.SegmentSize : conservative;
    }
}
