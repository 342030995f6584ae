using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>The states of loss recovery, in the order of the public ones.</summary>
internal enum RecoveryState : byte
{
    /// <summary>Nothing is known to be lost.</summary>
    Open,

    /// <summary>Something is out of order, and may be lost.</summary>
    Disorder,

    /// <summary>The window was reduced for a mark of the network's, until the recovery point is acknowledged.</summary>
    CongestionReduced,

    /// <summary>Fast recovery, until the recovery point is acknowledged.</summary>
    Recovery,

    /// <summary>After a timeout, until the recovery point is acknowledged.</summary>
    Loss,
}

/// <summary>The findings of loss recovery about an ACK.</summary>
[Flags]
internal enum LossSigns : byte
{
    None = 0,
    EnteredRecovery = 1 << 0,
    Recovered = 1 << 1,

    /// <summary>The last reduction was for nothing.</summary>
    Undone = 1 << 2,

    /// <summary>A tail loss probe repaired a loss.</summary>
    RepairedByProbe = 1 << 3,

    /// <summary>The window was reduced in this round trip before.</summary>
    AlreadyReduced = 1 << 4,

    /// <summary>Only a probe of the path's MTU was lost: no congestion (RFC 4821 §7.6.2).</summary>
    PathProbeLost = 1 << 5,

    /// <summary>A retransmission was lost.</summary>
    LostAgain = 1 << 6,
}

/// <summary>One ACK, or a moment, as loss detection sees it.</summary>
internal readonly record struct LossFacts
{
    public Instant Now { get; init; }

    public SeqNumber Una { get; init; }

    public SeqNumber Next { get; init; }

    /// <summary>Octets newly acknowledged cumulatively.</summary>
    public uint Acked { get; init; }

    /// <summary>Octets newly reported by SACK.</summary>
    public uint Sacked { get; init; }

    /// <summary>A duplicate ACK in the sense of RFC 5681 §2.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>The ACK reports a duplicate (RFC 2883 §4): the next two.</summary>
    public bool IsDuplicateSack { get; init; }

    public SeqNumber DuplicateLeft { get; init; }

    public SeqNumber DuplicateRight { get; init; }

    public bool HasEcnEcho { get; init; }

    public bool HasSack { get; init; }

    public int SegmentSize { get; init; }

    /// <summary>Zero before the first sample.</summary>
    public TimeSpan MinRtt { get; init; }

    public TimeSpan SmoothedRtt { get; init; }
}
