using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp.Send;

namespace UserTcp.Tcp;

/// <summary>
/// The settings of a connection that are fixed at open, and those that it begins with. Values are validated by the
/// options at the API.
/// </summary>
internal sealed record TcpConfig
{
    /// <summary>Both buffers while nothing is known of the path, if they grow by themselves.</summary>
    private const int UntunedBytes = 64 << 10;

    /// <summary>The settings that may change, as the connection begins with them.</summary>
    public LiveSettings Live { get; init; } = LiveSettings.Default;

    /// <summary>The most that is offered to the peer as a window.</summary>
    public int ReceiveBufferBytes { get; init; } = 8 << 20;

    /// <summary>The most that may be unacknowledged before a flush waits.</summary>
    public int SendBufferBytes { get; init; } = 4 << 20;

    /// <summary>The receive buffer of a new connection.</summary>
    public int FirstReceiveBytes =>
        AutoTuneBuffers ? Math.Min(UntunedBytes, ReceiveBufferBytes) : ReceiveBufferBytes;

    /// <summary>The send buffer of a new connection.</summary>
    public int FirstSendBytes => AutoTuneBuffers ? Math.Min(UntunedBytes, SendBufferBytes) : SendBufferBytes;

    /// <summary>The MSS that we announce: what the link's MTU leaves (RFC 9293 §3.7.1, MUST-67), or less.</summary>
    public Mss ReceiveMss { get; init; } = new(1460);

    /// <summary>
    /// RFC 9293 §3.7.1 (SHLD-5). Only a script has reason to leave it out, as it may for the system it is written for.
    /// </summary>
    public bool OffersMss { get; init; } = true;

    public bool WindowScaling { get; init; } = true;

    public bool SelectiveAcknowledgments { get; init; } = true;

    public bool Timestamps { get; init; } = true;

    public int InitialWindowSegments { get; init; } = 10;

    public TimeSpan InitialRto { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// RFC 6298 §2.4. Deviation: 200 ms, as Linux, where it asks for a second, which would be many round trips of an
    /// idle line; delayed ACKs come sooner.
    /// </summary>
    public TimeSpan MinRto { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan MaxRto { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>R1 in retransmissions (RFC 9293 §3.8.3, SHLD-10).</summary>
    public int R1 { get; init; } = 3;

    /// <summary>R2 in retransmissions, for data (RFC 9293 §3.8.3, MUST-21).</summary>
    public int R2 { get; init; } = 15;

    /// <summary>R2 in time, for SYN (RFC 9293 §3.8.3, MUST-23).</summary>
    public TimeSpan SynR2 { get; init; } = TimeSpan.FromSeconds(180);

    /// <summary>Retransmissions of a SYN-ACK before a half-open connection is forgotten.</summary>
    public int SynAckRetries { get; init; } = 5;

    /// <summary>
    /// So many segments of a new connection are acknowledged at once, so that the peer's slow start is not held up.
    /// </summary>
    public int QuickAcks { get; init; } = 10;

    /// <summary>
    /// Whether a listener takes a SYN that carries FIN, as RFC 9293 §3.10.7.2 would. Only scans have been seen to send
    /// one.
    /// </summary>
    public bool AcceptSynFin { get; init; }

    /// <summary>
    /// Whether all that the buffer has room for is acceptable, even where a window without scaling has not the bits to
    /// say so. Linux and FreeBSD check segments so, and scripts written for them count on it.
    /// </summary>
    public bool AcceptsBeyondField { get; init; }

    /// <summary>Below 500 ms (RFC 9293 §3.8.6.3, MUST-40).</summary>
    public TimeSpan DelayedAck { get; init; } = TimeSpan.FromMilliseconds(40);

    public TimeSpan PersistMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>2MSL (RFC 9293 §3.6.1, MUST-13). Deviation: 60 s, MSL taken as 30 s, as Linux.</summary>
    public TimeSpan TimeWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The largest super-segment that the link cuts, in bytes of text; 0 where it cuts none.</summary>
    public int MaxGsoBytes { get; init; }

    /// <summary>
    /// Limits challenge ACKs and ACKs of unacceptable segments without text, for each connection and for the whole
    /// stack; null: no limit.
    /// </summary>
    public ChallengeBudget? ChallengeBudget { get; init; }

    /// <summary>Lends memory for what is outstanding; null: each connection keeps its own.</summary>
    public RingPool<SentSegment>? SegmentRings { get; init; }

    public CongestionControl CongestionControl { get; init; } = CongestionControl.Cubic;

    public UserTcpLossRecoveryOptions LossRecovery { get; init; } = new();

    /// <summary>Spreads a window over the round trip.</summary>
    public bool Pacing { get; init; } = true;

    /// <summary>Whether cwnd falls back after a pause (RFC 5681 §4.1).</summary>
    public bool SlowStartAfterIdle { get; init; } = true;

    public UserTcpEcnMode Ecn { get; init; } = UserTcpEcnMode.Passive;

    /// <summary>So many SYNs ask for ECN before those that follow do without.</summary>
    public int EcnSyns { get; init; } = 1;

    /// <summary>Buffers start small and grow up to their sizes with what the connection carries.</summary>
    public bool AutoTuneBuffers { get; init; } = true;

    /// <summary>After repeated timeouts of full segments smaller ones are tried (RFC 4821, RFC 8899).</summary>
    public bool BlackHoleDetection { get; init; } = true;
}
