using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Of the segments that one ACK delivered the last one sent, with what had been delivered when it was sent.
/// </summary>
internal struct DeliverySample
{
    public bool HasSegment;
    public long PriorDelivered;
    public Instant PriorDeliveredAt;
    public Instant FirstSentAt;
    public Instant SentAt;
    public uint InFlight;
    public uint LostBefore;
    public bool IsAppLimited;

    public void Consider(in SentSegment segment)
    {
        // A handshake shows no rate: of a passive open, the SYN-ACK left before anything was measured.
        if (segment.Has(SentFlags.Syn))
            return;

        if (HasSegment && !IsLater(segment))
            return;

        HasSegment = true;
        PriorDelivered = segment.Delivered;
        PriorDeliveredAt = segment.DeliveredAt;
        FirstSentAt = segment.FirstSentAt;
        SentAt = segment.SentAt;
        InFlight = segment.InFlight;
        LostBefore = segment.LostBefore;
        IsAppLimited = segment.Has(SentFlags.AppLimited);
    }

    // Of segments that left at one moment the last one had the most in flight.
    private readonly bool IsLater(in SentSegment segment)
    {
        if (segment.Delivered != PriorDelivered)
            return segment.Delivered > PriorDelivered;

        return segment.SentAt > SentAt || (segment.SentAt == SentAt && segment.InFlight > InFlight);
    }
}

/// <summary>
/// The rate at which the network delivers: octets delivered over the longer of the times that they took to be sent and
/// to be acknowledged (draft-cheng-iccrg-delivery-rate-estimation).
/// </summary>
internal struct DeliveryRate
{
    private Instant _deliveredAt;
    private Instant _firstSentAt;
    private long _appLimitedUntil;

    /// <summary>Octets delivered since the connection began, cumulatively or selectively.</summary>
    public long Delivered { get; private set; }

    /// <summary>The latest rate, in octets per second; 0 before the first sample.</summary>
    public double BytesPerSecond { get; private set; }

    /// <summary>Whether the latest rate is that of the application, not of the network.</summary>
    public bool IsAppLimited { get; private set; }

    /// <summary>Nothing more could be sent, though the window had room: what is in flight shows no capacity.</summary>
    public void OnAppLimited(long inFlight) => _appLimitedUntil = Math.Max(1, Delivered + inFlight);

    /// <summary>Notes with a segment the state of delivery when it left.</summary>
    public void OnSent(ref SentSegment segment, bool wasIdle, Flight flight, Instant now)
    {
        if (wasIdle)
        {
            _firstSentAt = now;
            _deliveredAt = now;
        }

        segment.Delivered = Delivered;
        segment.DeliveredAt = _deliveredAt;
        segment.FirstSentAt = _firstSentAt;
        segment.LostBefore = flight.TotalLost;
        if (_appLimitedUntil > 0)
            segment.Flags |= SentFlags.AppLimited;
        else
            segment.Flags &= ~SentFlags.AppLimited;
    }

    /// <summary>Takes in the octets that an ACK delivered. Returns its sample, if it gave one.</summary>
    public CongestionRateSample? OnAck(in AckDigest digest, uint totalLost)
    {
        Delivered += digest.Bytes;
        if (digest.Bytes > 0)
            _deliveredAt = digest.Now;
        if (_appLimitedUntil > 0 && Delivered > _appLimitedUntil)
            _appLimitedUntil = 0;
        if (!digest.Delivery.HasSegment)
            return null;

        DeliverySample sample = digest.Delivery;
        _firstSentAt = sample.SentAt;
        TimeSpan sending = sample.SentAt - sample.FirstSentAt;
        TimeSpan acknowledging = digest.Now - sample.PriorDeliveredAt;
        TimeSpan interval = sending > acknowledging ? sending : acknowledging;

        // What took less than a round trip was compressed on its way back, and shows nothing.
        if (interval <= TimeSpan.Zero || interval < digest.MinRtt)
            return null;

        var taken = new CongestionRateSample
        {
            Delivered = Delivered - sample.PriorDelivered,
            Interval = interval,
            PriorDelivered = sample.PriorDelivered,
            BytesInFlightAtSend = sample.InFlight,
            BytesLostSinceSend = unchecked(totalLost - sample.LostBefore),
            IsAppLimited = sample.IsAppLimited,
        };
        double rate = taken.BytesPerSecond;
        if (sample.IsAppLimited && rate < BytesPerSecond)
            return taken;

        BytesPerSecond = rate;
        IsAppLimited = sample.IsAppLimited;
        return taken;
    }
}
