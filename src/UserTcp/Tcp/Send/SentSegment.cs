using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

[Flags]
internal enum SentFlags : byte
{
    None = 0,
    Syn = 1 << 0,
    Fin = 1 << 1,

    /// <summary>The peer reported it by SACK.</summary>
    Sacked = 1 << 2,

    /// <summary>Taken to be lost, and not sent again since.</summary>
    Lost = 1 << 3,

    /// <summary>Was lost, and its retransmission is in the network.</summary>
    Retransmitted = 1 << 4,

    /// <summary>An octet sent into a closed window.</summary>
    Probe = 1 << 5,

    /// <summary>Was sent more than once: an ACK of it gives no RTT sample (RFC 9293 §3.8.1, MUST-18).</summary>
    Ambiguous = 1 << 6,

    /// <summary>Was sent while the application, not the network, held the sender back.</summary>
    AppLimited = 1 << 7,
}

/// <summary>A stretch of the sequence space that was sent at one time: one segment, or a super-segment.</summary>
internal struct SentSegment
{
    public SeqNumber Seq;

    /// <summary>Octets, SYN and FIN counted.</summary>
    public uint Length;

    /// <summary>When it was sent last.</summary>
    public Instant SentAt;

    /// <summary>Text per segment on the wire: where a super-segment may be split.</summary>
    public int SegmentSize;

    public SentFlags Flags;

    /// <summary>Of a reported entry: so many from it on are known to be reported.</summary>
    public ushort Run;

    /// <summary>Octets that had been delivered when it was sent.</summary>
    public long Delivered;

    /// <summary>When the last of those was.</summary>
    public Instant DeliveredAt;

    /// <summary>When the first segment of its flight was sent.</summary>
    public Instant FirstSentAt;

    /// <summary>Octets in flight when it was sent, its own included.</summary>
    public uint InFlight;

    /// <summary>The count of lost octets when it was sent (<see cref="Flight.TotalLost"/>).</summary>
    public uint LostBefore;

    public readonly SeqNumber End => Seq + Length;

    public readonly bool Has(SentFlags flags) => (Flags & flags) != 0;
}
