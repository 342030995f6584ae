using UserTcp.Tcp.Congestion;

namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>
/// A controller over a path of a fixed round trip, round by round: a round acknowledges the window, a segment per ACK,
/// and every so many segments one is lost.
/// </summary>
internal sealed class CongestionPath(ICongestionController controller, TimeSpan rtt, int segmentSize = 1000)
{
    private readonly double _start = 100;
    private long _sinceLoss;

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(100);

    public TimeSpan Rtt { get; set; } = rtt;

    public double Window => (double)controller.CongestionWindow / segmentSize;

    public double Elapsed => Now.TotalSeconds - _start;

    public CongestionContext Context => new()
    {
        Now = Now,
        SegmentSize = segmentSize,
        BytesInFlight = controller.CongestionWindow,
        BytesOutstanding = controller.CongestionWindow,
        SmoothedRtt = Rtt,
        MinRtt = Rtt,
    };

    /// <summary>One ACK.</summary>
    public void Acks(long bytes, bool isAppLimited = false, bool isRoundEnd = false) =>
        controller.OnAck(new CongestionAck
        {
            Context = Context,
            BytesAcked = bytes,
            PriorBytesInFlight = controller.CongestionWindow,
            Rtt = Rtt,
            IsAppLimited = isAppLimited,
            IsRoundEnd = isRoundEnd,
        });

    /// <summary>A round trip: the window is acknowledged, spread over its time.</summary>
    /// <param name="lossEvery">Segments after which one is lost; 0 for never.</param>
    /// <param name="isAppLimited">Whether the window was not used up.</param>
    public void Round(int lossEvery = 0, bool isAppLimited = false)
    {
        int segments = Math.Max(1, (int)(controller.CongestionWindow / segmentSize));
        TimeSpan step = Rtt / segments;
        for (int i = 0; i < segments; i++)
        {
            Now += step;
            Acks(segmentSize, isAppLimited, isRoundEnd: i == segments - 1);
            if (lossEvery == 0 || ++_sinceLoss < lossEvery)
                continue;

            _sinceLoss = 0;
            Loses();
            Now += step * (segments - 1 - i);
            return;
        }
    }

    public void Idles(TimeSpan time) => Now += time;

    public void Loses() => controller.OnCongestion(new CongestionSignal
    {
        Context = Context, Cause = CongestionCause.Loss, BytesLost = segmentSize,
    });

    public void IsMarked() => controller.OnCongestion(new CongestionSignal
    {
        Context = Context, Cause = CongestionCause.Ecn,
    });

    public void TimesOut(bool isRepeated = false) => controller.OnRetransmitTimeout(Context, isRepeated);

    /// <summary>Controllers for comparison.</summary>
    public static Cubic NewCubic(long initialWindow, bool usesHyStart = false) => new(1000, initialWindow, usesHyStart);
}
