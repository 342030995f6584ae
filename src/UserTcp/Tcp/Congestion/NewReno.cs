namespace UserTcp.Tcp.Congestion;

/// <summary>Slow start and congestion avoidance (RFC 5681 §3.1, RFC 9293 §3.8.2, MUST-19), counting octets.</summary>
internal sealed class NewReno : ICongestionController
{
    private readonly long _initialWindow;
    private int _segmentSize;
    private long _ackedInRound;
    private SlowStart _slowStart = new(usesHyStart: false);
    private long _priorWindow;
    private long _priorThreshold = long.MaxValue;

    public NewReno(int segmentSize, long initialWindow)
    {
        _segmentSize = segmentSize;
        _initialWindow = initialWindow;
        CongestionWindow = initialWindow;
        _priorWindow = initialWindow;
    }

    public long CongestionWindow { get; private set; }

    public long SlowStartThreshold { get; private set; } = long.MaxValue;

    public double? PacingRate => null;

    public void OnAck(in CongestionAck ack)
    {
        // A window that was not used says nothing about the network (RFC 7661 §3).
        if (ack.InRecovery || ack.IsAppLimited || ack.BytesAcked <= 0)
            return;

        if (CongestionWindow < SlowStartThreshold)
            GrowInSlowStart(ack);
        else
            AvoidCongestion(ack.BytesAcked);
    }

    public void OnCongestion(in CongestionSignal congestion)
    {
        Remember();
        SlowStartThreshold = HalfOf(congestion.Context.BytesOutstanding);
        CongestionWindow = congestion.Cause == CongestionCause.Ecn
            ? WindowBounds.AfterMarks(congestion.Context.BytesOutstanding / 2, _segmentSize)
            : SlowStartThreshold;
        _ackedInRound = 0;
    }

    public void OnRecovered(in CongestionContext context) => _slowStart.OnRecovered();

    public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated)
    {
        if (!isRepeated)
        {
            Remember();
            SlowStartThreshold = HalfOf(context.BytesOutstanding); // a repeated one keeps it: RFC 5681 §3.1, (4)
        }

        CongestionWindow = _segmentSize; // LW (RFC 5681 §3.1)
        _ackedInRound = 0;
        _slowStart.OnTimeout();
    }

    public void OnSpuriousCongestion(in CongestionContext context)
    {
        CongestionWindow = Math.Max(CongestionWindow, _priorWindow);
        SlowStartThreshold = Math.Max(SlowStartThreshold, _priorThreshold);
        _slowStart.OnRecovered();
    }

    public void OnIdleRestart(in CongestionContext context) =>
        CongestionWindow = Math.Min(CongestionWindow, _initialWindow); // RW (RFC 5681 §4.1)

    // RFC 4821 §4: in octets the window does not grow with the segments, and shrinks with them.
    public void OnSegmentSize(int segmentSize)
    {
        if (segmentSize < _segmentSize)
            CongestionWindow = Math.Max(segmentSize, CongestionWindow * segmentSize / _segmentSize);
        _segmentSize = segmentSize;
    }

    private void GrowInSlowStart(in CongestionAck ack)
    {
        long bound = Math.Min(WindowBounds.MaxBytes, SlowStartThreshold);
        CongestionWindow = Math.Min(bound, CongestionWindow + _slowStart.Growth(ack));
    }

    // RFC 5681 §3.1: a segment per round trip, counted in octets (equation 3's replacement in RFC 3465 §2.1).
    private void AvoidCongestion(long bytesAcked)
    {
        _ackedInRound += bytesAcked;
        if (_ackedInRound < CongestionWindow)
            return;

        _ackedInRound -= CongestionWindow;
        CongestionWindow = Math.Min(WindowBounds.MaxBytes, CongestionWindow + _segmentSize);
    }

    // RFC 5681 §3.1, equation 4.
    private long HalfOf(long bytes) => Math.Max(bytes / 2, WindowBounds.MinThreshold(_segmentSize));

    private void Remember()
    {
        _priorWindow = CongestionWindow;
        _priorThreshold = SlowStartThreshold;
    }
}
