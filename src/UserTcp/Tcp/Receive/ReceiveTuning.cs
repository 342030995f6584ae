using System.Runtime.InteropServices;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Receive;

/// <summary>
/// What a receiver measures to size its buffer: the round trip as it sees it, and how much the application takes in
/// one.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct ReceiveTuning
{
    // The clock of timestamps: a shorter round trip cannot be told from this one.
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    private bool _isMeasuring;
    private long _roundStart;
    private Instant _roundBegan;
    private long _lastRound;
    private uint _lastEcho;
    private bool _isTimingWindow;
    private SeqNumber _windowEnd;
    private Instant _windowBegan;

    /// <summary>The round trip by what arrives; zero before the first sample.</summary>
    public TimeSpan RoundTrip { get; private set; }

    /// <summary>Uses the round trip of the handshake until a sample of received text replaces it.</summary>
    public void SeedRoundTrip(TimeSpan roundTrip)
    {
        if (RoundTrip == TimeSpan.Zero && roundTrip > TimeSpan.Zero)
            RoundTrip = roundTrip > s_shortest ? roundTrip : s_shortest;
    }

    /// <summary>
    /// Text arrived that echoes a timestamp of ours: it left the peer no sooner than that came there (RFC 7323 §4.1).
    /// A peer that had nothing to send stretches the sample, so longer ones count for an eighth.
    /// </summary>
    public void OnEcho(uint echo, TimeSpan age)
    {
        if (echo == _lastEcho && RoundTrip != TimeSpan.Zero)
            return;

        _lastEcho = echo;
        TimeSpan sample = age > s_shortest ? age : s_shortest;
        RoundTrip = RoundTrip == TimeSpan.Zero || sample < RoundTrip ? sample : RoundTrip * 7 / 8 + sample / 8;
    }

    /// <summary>
    /// Without timestamps: what is beyond the window offered at one time is sent a round trip later at the earliest.
    /// </summary>
    public void OnText(SeqNumber next, SeqNumber rightEdge, Instant now)
    {
        if (_isTimingWindow && next < _windowEnd)
            return;

        TimeSpan sample = now - _windowBegan;
        if (_isTimingWindow && (RoundTrip == TimeSpan.Zero || sample < RoundTrip))
            RoundTrip = sample > s_shortest ? sample : s_shortest;
        _isTimingWindow = true;
        _windowEnd = rightEdge;
        _windowBegan = now;
    }

    /// <summary>
    /// The application has taken all below this position; the size of the buffer that follows from it.
    /// </summary>
    public long OnDelivered(long position, in ReceiveBufferFacts facts, Instant now)
    {
        if (!_isMeasuring)
            BeginRound(position, now);
        if (RoundTrip == TimeSpan.Zero)
            return facts.Capacity;

        long delivered = position - _roundStart;
        long capacity = ReceiveBufferPolicy.Next(facts with { Delivered = delivered, LastRound = _lastRound });
        if (now - _roundBegan >= RoundTrip)
        {
            _lastRound = delivered;
            BeginRound(position, now);
        }

        return capacity;
    }

    private void BeginRound(long position, Instant now)
    {
        _isMeasuring = true;
        _roundStart = position;
        _roundBegan = now;
    }
}
