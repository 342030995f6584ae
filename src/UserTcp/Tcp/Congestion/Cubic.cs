using System.Runtime.CompilerServices;

namespace UserTcp.Tcp.Congestion;

/// <summary>CUBIC (RFC 9438) after slow start with HyStart++ (RFC 9406), counting octets.</summary>
internal sealed class Cubic : ICongestionController
{
    private readonly long _initialWindow;
    private int _segmentSize;
    private SlowStart _slowStart;
    private StrongBox<CubicCurve>? _curve; // few connections leave slow start
    private double _window;
    private bool _isUsed = true;
    private StrongBox<(double Window, long Threshold, CubicCurve Curve)>? _before; // few connections meet congestion
    private bool _canUndo;

    public Cubic(int segmentSize, long initialWindow, bool usesHyStart)
    {
        _segmentSize = segmentSize;
        _initialWindow = initialWindow;
        _slowStart = new SlowStart(usesHyStart);
        _window = initialWindow;
    }

    public long CongestionWindow => (long)_window;

    public long SlowStartThreshold { get; private set; } = long.MaxValue;

    public double? PacingRate => null;

    public void OnAck(in CongestionAck ack)
    {
        bool isSlowStart = _window < SlowStartThreshold;
        _isUsed = !ack.IsAppLimited;
        if (isSlowStart)
            _slowStart.Watch(ack, isFirst: SlowStartThreshold == long.MaxValue);

        // A window that was not used says nothing about the network, and time stands still (RFC 9438 §5.8).
        if (ack.InRecovery || ack.IsAppLimited || ack.BytesAcked <= 0)
        {
            Pause(ack.Context.Now);
            return;
        }

        if (isSlowStart)
            Accelerate(ack);
        else
            _window = Math.Min(WindowBounds.MaxBytes, Curve.Next(_window, ack));
    }

    public void OnCongestion(in CongestionSignal congestion)
    {
        Remember();
        double used = Used(congestion.Context);
        Curve.OnCongestion(used);
        _slowStart.Restart();
        SlowStartThreshold = Reduced(used);
        _window = congestion.Cause == CongestionCause.Ecn
            ? WindowBounds.AfterMarks((long)(used * CubicCurve.Beta), _segmentSize)
            : SlowStartThreshold;
    }

    public void OnRecovered(in CongestionContext context) => _slowStart.OnRecovered();

    public void OnRetransmitTimeout(in CongestionContext context, bool isRepeated)
    {
        if (!isRepeated)
        {
            Remember();
            double used = Used(context);
            Curve.OnTimeout(used);
            SlowStartThreshold = Reduced(used); // a repeated one keeps it: RFC 5681 §3.1, (4)
        }

        _window = _segmentSize; // LW (RFC 5681 §3.1)
        _slowStart.Restart();
        _slowStart.OnTimeout();
    }

    // RFC 9438 §4.9: as if there had been no reduction.
    public void OnSpuriousCongestion(in CongestionContext context)
    {
        _slowStart.OnRecovered();
        if (!_canUndo)
            return;

        _canUndo = false;
        (double Window, long Threshold, CubicCurve Curve) before = _before!.Value;
        if (_window >= before.Window)
            return; // it came late: what was found since then is newer

        _window = before.Window;
        SlowStartThreshold = Math.Max(SlowStartThreshold, before.Threshold);
        Curve = before.Curve;
        Pause(context.Now);
    }

    public void OnIdleRestart(in CongestionContext context)
    {
        _slowStart.Restart();
        if (_window <= _initialWindow)
            return;

        _window = _initialWindow; // RW (RFC 5681 §4.1)
        EndStage();
    }

    // RFC 4821 §4: in octets the window does not grow with the segments, and shrinks with them.
    public void OnSegmentSize(int segmentSize)
    {
        if (segmentSize < _segmentSize)
        {
            _window = Math.Max(segmentSize, _window * segmentSize / _segmentSize);
            EndStage();
        }

        _segmentSize = segmentSize;
    }

    private ref CubicCurve Curve => ref (_curve ??= new StrongBox<CubicCurve>()).Value;

    private void Pause(TimeSpan now)
    {
        if (_curve is not null)
            _curve.Value.Pause(now);
    }

    private void EndStage()
    {
        if (_curve is not null)
            _curve.Value.EndStage();
    }

    private void Accelerate(in CongestionAck ack)
    {
        double bound = Math.Min(WindowBounds.MaxBytes, SlowStartThreshold);
        _window = Math.Min(bound, _window + _slowStart.Growth(ack));
        if (SlowStartThreshold == long.MaxValue && _slowStart.IsOver)
            LeaveSlowStart();
    }

    // RFC 9406 §4.2: after the rounds of conservative slow start congestion avoidance follows.
    private void LeaveSlowStart()
    {
        SlowStartThreshold = CongestionWindow;
        _slowStart.Restart();
    }

    // RFC 9438 §4.6 reduces FlightSize, and lets cwnd stand for it where cwnd does not grow unused: the ACK that tells
    // of the loss may have acknowledged half a window before anything could follow.
    private double Used(in CongestionContext context) =>
        _isUsed ? _window : Math.Min(_window, context.BytesOutstanding);

    private long Reduced(double window) =>
        Math.Max((long)(window * CubicCurve.Beta), WindowBounds.MinThreshold(_segmentSize));

    private void Remember()
    {
        _before ??= new();
        _before.Value = (_window, SlowStartThreshold, _curve?.Value ?? default);
        _canUndo = true;
    }
}
