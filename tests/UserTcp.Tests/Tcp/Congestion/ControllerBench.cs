namespace UserTcp.Tests.Tcp.Congestion;

/// <summary>
/// A controller on an ideal path: every segment of a window is acknowledged by itself, the window spread over the round
/// trip. Time is virtual, segments have 1,000 octets.
/// </summary>
internal sealed class ControllerBench(ICongestionController controller, TimeSpan rtt)
{
    public const int Segment = 1000;

    private long _ackedInRound;
    private long _roundLength;

    public ICongestionController Controller { get; } = controller;

    public TimeSpan Rtt { get; set; } = rtt;

    public TimeSpan Now { get; private set; } = TimeSpan.FromSeconds(1000);

    public double Window => (double)Controller.CongestionWindow / Segment;

    public CongestionContext Context => new()
    {
        Now = Now,
        SegmentSize = Segment,
        BytesInFlight = Controller.CongestionWindow,
        BytesOutstanding = Controller.CongestionWindow,
        SmoothedRtt = Rtt,
        MinRtt = Rtt,
    };

    public void Ack(int segments = 1, bool isAppLimited = false)
    {
        Now += Rtt * segments / Math.Max(1, Window);
        bool isRoundEnd = _ackedInRound >= _roundLength;
        if (isRoundEnd)
            (_ackedInRound, _roundLength) = (0, (long)Window);
        _ackedInRound += segments;
        Controller.OnAck(new CongestionAck
        {
            Context = Context,
            BytesAcked = segments * Segment,
            PriorBytesInFlight = Controller.CongestionWindow,
            Rtt = Rtt,
            IsAppLimited = isAppLimited,
            IsRoundEnd = isRoundEnd,
        });
    }

    public void Round()
    {
        for (int left = (int)Window; left > 0; left--)
        {
            Ack();
        }
    }

    public void Lose()
    {
        Controller.OnCongestion(new CongestionSignal { Context = Context, BytesLost = Segment });
        Controller.OnRecovered(Context);
    }

    public void Wait(TimeSpan time) => Now += time;

    /// <summary>The average window over time when every n-th segment is lost.</summary>
    public double AverageWindow(int every, int losses)
    {
        double weighted = 0;
        TimeSpan start = default;
        for (int loss = 0; loss < losses; loss++)
        {
            if (loss == losses / 2)
                (weighted, start) = (0, Now); // the first half finds the equilibrium
            for (int i = 0; i < every; i++)
            {
                TimeSpan before = Now;
                double window = Window;
                Ack();
                weighted += window * (Now - before).TotalSeconds;
            }

            Lose();
        }

        return weighted / (Now - start).TotalSeconds;
    }
}
