using UserTcp.Primitives;

namespace UserTcp.Tcp;

/// <summary>
/// The settings of a connection, as the machine sees them. Values are validated by the options at the API; a few may be
/// changed while the connection lives, followed by <see cref="UserCall.Reconfigure"/>.
/// </summary>
internal sealed record TcpConfig
{
    /// <summary>Disables Nagle (RFC 9293 §3.7.4, MUST-17).</summary>
    public bool NoDelay { get; set; } = true;

    /// <summary>Holds back segments that are not full.</summary>
    public bool Corked { get; set; }

    public int ReceiveBufferBytes { get; init; } = 1 << 20;

    public int SendBufferBytes { get; init; } = 1 << 20;

    /// <summary>The MSS that we announce: what the link's MTU leaves (RFC 9293 §3.7.1, MUST-67), or less.</summary>
    public Mss ReceiveMss { get; init; } = new(1460);

    public bool IsV4 { get; init; } = true;

    public bool WindowScaling { get; init; } = true;

    public bool SelectiveAcknowledgments { get; init; } = true;

    public bool Timestamps { get; init; } = true;

    public int InitialWindowSegments { get; init; } = 10;

    public TimeSpan InitialRto { get; init; } = TimeSpan.FromSeconds(1);

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

    /// <summary>Below 500 ms (RFC 9293 §3.8.6.3, MUST-40).</summary>
    public TimeSpan DelayedAck { get; init; } = TimeSpan.FromMilliseconds(40);

    public TimeSpan PersistMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The bound of FIN-WAIT-2, and of a closed window, once the application has let go.</summary>
    public TimeSpan OrphanTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>2MSL (RFC 9293 §3.6.1, MUST-13). Deviation: 60 s, MSL taken as 30 s, as Linux.</summary>
    public TimeSpan TimeWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Null: no limit but R2 (RFC 9293 §3.8.3).</summary>
    public TimeSpan? UserTimeout { get; set; }

    /// <summary>Off by default (RFC 9293 §3.8.4, MUST-25).</summary>
    public bool KeepAlive { get; set; }

    public TimeSpan KeepAliveTime { get; set; } = TimeSpan.FromHours(2);

    public TimeSpan KeepAliveInterval { get; set; } = TimeSpan.FromSeconds(75);

    public int KeepAliveProbes { get; set; } = 9;

    /// <summary>The largest super-segment that the link cuts, in bytes of text; 0 where it cuts none.</summary>
    public int MaxGsoBytes { get; init; }

    /// <summary>The differentiated services field of its packets, ECN bits zero (RFC 9293 §3.1, RFC 2474).</summary>
    public byte TrafficClass { get; set; }

    /// <summary>The time to live of its packets (RFC 9293 §3.9.2, MUST-49).</summary>
    public byte TimeToLive { get; init; } = 64;

    /// <summary>
    /// Limits challenge ACKs and ACKs of unacceptable segments without text, for the whole stack; null: no limit.
    /// </summary>
    public RateLimit? ChallengeBudget { get; init; }

    /// <summary>Makes the controller from segment size and initial window, both in bytes; NewReno where null.</summary>
    public Func<int, int, Congestion.ICongestionControl>? CongestionControl { get; init; }
}
