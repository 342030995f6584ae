namespace UserTcp.Benchmarks.Workloads;

/// <summary>A window that nothing narrows, so that thousands of segments can be outstanding.</summary>
internal sealed class WideControl : CongestionControl, ICongestionController
{
    public override string Name => "wide";

    public long CongestionWindow => 1 << 30;

    public long SlowStartThreshold => 1 << 30;

    public double? PacingRate => null;

    public override ICongestionController CreateController(
        in CongestionContext context, long initialWindow) => this;

    public void OnAck(in CongestionAck ack)
    {
    }

    public void OnCongestion(in CongestionSignal congestion)
    {
    }

    public void OnRecovered(in CongestionContext context)
    {
    }

    public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated)
    {
    }

    public void OnSpuriousCongestion(in CongestionContext context)
    {
    }

    public void OnIdleRestart(in CongestionContext context)
    {
    }

    public void OnSegmentSize(int segmentSize)
    {
    }
}
