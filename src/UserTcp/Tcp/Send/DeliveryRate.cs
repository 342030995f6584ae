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
    public bool IsAppLimited;

    public void Consider(in SentSegment segment)
    {
        // A handshake shows no rate: of a passive open, the SYN-ACK left before anything was measured.
        if (segment.Has(SentFlags.Syn))
            return;

        bool isLater = segment.Delivered > PriorDelivered
            || (segment.Delivered == PriorDelivered && segment.SentAt > SentAt);
        if (HasSegment && !isLater)
            return;

        HasSegment = true;
        PriorDelivered = segment.Delivered;
        PriorDeliveredAt = segment.DeliveredAt;
        FirstSentAt = segment.FirstSentAt;
        SentAt = segment.SentAt;
        IsAppLimited = segment.Has(SentFlags.AppLimited);
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

    /// <summary>Notes with a segment what had been delivered when it left.</summary>
    public void OnSent(ref SentSegment segment, bool wasIdle, Instant now)
    {
        if (wasIdle)
        {
            _firstSentAt = now;
            _deliveredAt = now;
        }

        segment.Delivered = Delivered;
        segment.DeliveredAt = _deliveredAt;
        segment.FirstSentAt = _firstSentAt;
        if (_appLimitedUntil > 0)
            segment.Flags |= SentFlags.AppLimited;
        else
            segment.Flags &= ~SentFlags.AppLimited;
    }

    /// <summary>Takes in what an ACK delivered. Returns the rate it sampled, or 0 where it gave no sample.</summary>
    public double OnAck(in AckDigest digest)
    {
        Delivered += digest.Bytes;
        if (digest.Bytes > 0)
            _deliveredAt = digest.Now;
        if (_appLimitedUntil > 0 && Delivered > _appLimitedUntil)
            _appLimitedUntil = 0;
        if (!digest.Delivery.HasSegment)
            return 0;

        DeliverySample sample = digest.Delivery;
        _firstSentAt = sample.SentAt;
        TimeSpan sending = sample.SentAt - sample.FirstSentAt;
        TimeSpan acknowledging = digest.Now - sample.PriorDeliveredAt;
        TimeSpan interval = sending > acknowledging ? sending : acknowledging;

        // What took less than a round trip was compressed on its way back, and shows nothing.
        if (interval <= TimeSpan.Zero || interval < digest.MinRtt)
            return 0;

        double rate = (Delivered - sample.PriorDelivered) / interval.TotalSeconds;
        if (sample.IsAppLimited && rate < BytesPerSecond)
            return rate;

        BytesPerSecond = rate;
        IsAppLimited = sample.IsAppLimited;
        return rate;
    }
}
