using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>At what pace segments leave.</content>
internal sealed partial class Sender
{
    private Pacer _pacer = new();

    /// <summary>Octets per second at which segments leave now; 0 where they are not paced.</summary>
    public double PacingRate
    {
        get
        {
            if (!config.Pacing || Congestion is not { } control || !Rtt.HasSample)
                return 0;
            if (control.PacingRate is { } rate)
                return double.IsFinite(rate) && rate > 0 ? rate : 0;

            long window = Math.Max(CongestionWindow, BytesInFlight);
            return Pacer.DefaultRate(window, control.SlowStartThreshold, Rtt.Smoothed);
        }
    }

    /// <summary>When what is held back may leave.</summary>
    public Instant ReleaseAt => _pacer.ReleaseAt;

    /// <summary>The most that one plan may carry at the pace.</summary>
    public int PacedGsoBytes(int maxGsoBytes)
    {
        double rate = PacingRate;
        return rate > 0 ? Math.Min(maxGsoBytes, Pacer.BurstBytes(rate, SegmentSize)) : maxGsoBytes;
    }

    /// <summary>
    /// Whether the pace holds the choice back. Never a probe, a lone FIN, or the first segment that recovery sends
    /// again.
    /// </summary>
    public bool IsHeld(in SendChoice choice, Instant now)
    {
        bool isExempt = choice.IsProbe || choice.IsTailProbe || choice.Text == 0
            || (choice.FlightIndex >= 0 && Loss.MustRetransmitFirst);
        return !isExempt && _pacer.IsHeld(now) && PacingRate > 0;
    }

    private void Pace(in SendChoice choice, Instant now)
    {
        double rate = PacingRate;
        if (rate > 0 && choice.Text > 0)
            _pacer.OnSent(choice.Text, choice.SegmentSize, rate, now);
    }
}
