using UserTcp.Primitives;

namespace UserTcp.Tcp.Congestion;

/// <summary>Slow start and congestion avoidance (RFC 5681 §3.1, RFC 9293 §3.8.2, MUST-19), counting octets.</summary>
internal sealed class NewReno : ICongestionControl
{
    /// <summary>cwnd and ssthresh never grow beyond what a scaled window can offer.</summary>
    private const int MaxWindowBytes = 1 << 30;

    private int _segmentSize;
    private int _ackedInRound;
    private bool _afterTimeout;
    private int _priorWindow;
    private int _priorThreshold = MaxWindowBytes;

    public NewReno(int segmentSize, int initialWindow)
    {
        _segmentSize = segmentSize;
        InitialWindow = initialWindow;
        Window = initialWindow;
        _priorWindow = initialWindow;
    }

    public string Name => "newreno";

    public int InitialWindow { get; }

    public int Window { get; private set; }

    public int SlowStartThreshold { get; private set; } = MaxWindowBytes;

    public void OnAck(in AckSample ack)
    {
        // A window that was not used says nothing about the network (RFC 7661 §3).
        if (ack.InRecovery || ack.IsAppLimited || ack.BytesAcked <= 0)
            return;

        if (Window < SlowStartThreshold)
            SlowStart(ack.BytesAcked);
        else
            AvoidCongestion(ack.BytesAcked);
    }

    public void OnCongestion(Instant now, int bytesInFlight)
    {
        Remember();
        SlowStartThreshold = HalfOf(bytesInFlight);
        Window = SlowStartThreshold;
        _ackedInRound = 0;
    }

    public void OnRecovered(Instant now) => _afterTimeout = false;

    public void OnRetransmitTimeout(Instant now, int bytesInFlight, bool isRepeated)
    {
        if (!isRepeated)
        {
            Remember();
            SlowStartThreshold = HalfOf(bytesInFlight);
        }

        Window = _segmentSize; // LW (RFC 5681 §3.1)
        _ackedInRound = 0;
        _afterTimeout = true;
    }

    public void OnSpuriousCongestion()
    {
        Window = Math.Max(Window, _priorWindow);
        SlowStartThreshold = Math.Max(SlowStartThreshold, _priorThreshold);
        _afterTimeout = false;
    }

    public void OnIdleRestart(Instant now) => Window = Math.Min(Window, InitialWindow); // RW (RFC 5681 §4.1)

    public void OnSegmentSize(int bytes) => _segmentSize = bytes;

    // Deviation from RFC 5681 §3.1, equation 2: all that an ACK covers counts, not one segment, because peers and
    // offloads acknowledge many segments at once; after a timeout a segment per ACK (RFC 3465 §2.3).
    private void SlowStart(int bytesAcked)
    {
        int growth = _afterTimeout ? Math.Min(bytesAcked, _segmentSize) : bytesAcked;
        Window = Math.Min(Window + growth, SlowStartThreshold);
    }

    // RFC 5681 §3.1: a segment per round trip, counted in octets (equation 3's replacement in RFC 3465 §2.1).
    private void AvoidCongestion(int bytesAcked)
    {
        _ackedInRound += bytesAcked;
        if (_ackedInRound < Window)
            return;

        _ackedInRound -= Window;
        Window = Math.Min(MaxWindowBytes, Window + _segmentSize);
    }

    private int HalfOf(int bytesInFlight) => Math.Max(bytesInFlight / 2, 2 * _segmentSize); // RFC 5681 §3.1, equation 4

    private void Remember()
    {
        _priorWindow = Window;
        _priorThreshold = SlowStartThreshold;
    }
}
