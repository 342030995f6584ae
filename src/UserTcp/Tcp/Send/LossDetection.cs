using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

internal enum RecoveryState : byte
{
    /// <summary>Nothing is known to be lost.</summary>
    Open,

    /// <summary>Fast recovery, until the recovery point is acknowledged.</summary>
    Recovery,

    /// <summary>After a timeout, until the recovery point is acknowledged.</summary>
    Loss,
}

/// <summary>What an ACK meant for loss recovery.</summary>
[Flags]
internal enum LossSigns : byte
{
    None = 0,
    EnteredRecovery = 1 << 0,
    Recovered = 1 << 1,
}

/// <summary>One ACK as loss detection sees it.</summary>
internal readonly record struct LossFacts
{
    public SeqNumber Una { get; init; }

    public SeqNumber Next { get; init; }

    /// <summary>Octets newly acknowledged cumulatively.</summary>
    public uint Acked { get; init; }

    /// <summary>Octets newly reported by SACK.</summary>
    public uint Sacked { get; init; }

    /// <summary>A duplicate ACK in the sense of RFC 5681 §2.</summary>
    public bool IsDuplicate { get; init; }

    public bool HasSack { get; init; }

    public int SegmentSize { get; init; }
}

/// <summary>
/// When something is taken to be lost: by SACK (RFC 6675), or by counting duplicate ACKs (RFC 5681 §3.2, RFC 6582)
/// where the peer has none. What to do about the rate is congestion control's affair.
/// </summary>
internal sealed class LossDetection
{
    /// <summary>RFC 5681 §3.2, RFC 6675 §2.</summary>
    public const int DupThresh = 3;

    public RecoveryState State { get; private set; }

    /// <summary>SND.NXT when the loss was found ("recover" in RFC 6582, RecoveryPoint in RFC 6675).</summary>
    public SeqNumber RecoveryPoint { get; private set; }

    public int DuplicateAcks { get; private set; }

    /// <summary>The first lost segment leaves whatever the pipe holds (RFC 6675 §5 (4.3), RFC 6582 §3.2).</summary>
    public bool MustRetransmitFirst { get; private set; }

    /// <summary>
    /// Without SACK, every duplicate ACK means that a segment left the network (the inflation of RFC 6582 §3.2).
    /// </summary>
    public uint LeftNetwork { get; private set; }

    public void OnRetransmitted() => MustRetransmitFirst = false;

    public LossSigns OnAck(Flight flight, in LossFacts facts)
    {
        LossSigns signs = LossSigns.None;
        if (State != RecoveryState.Open && facts.Una >= RecoveryPoint)
        {
            Leave();
            signs = LossSigns.Recovered;
        }
        else if (facts.Acked > 0)
        {
            OnPartialAck(flight, facts);
        }

        CountDuplicates(facts);
        uint lost = facts.HasSack ? flight.MarkLost(DupThresh, facts.SegmentSize) : 0;
        if (State != RecoveryState.Open || (lost == 0 && DuplicateAcks < DupThresh))
            return signs;

        State = RecoveryState.Recovery;
        RecoveryPoint = facts.Next;
        MustRetransmitFirst = true;
        flight.MarkFirstLost(facts.SegmentSize);
        return signs | LossSigns.EnteredRecovery;
    }

    /// <summary>
    /// RFC 6298 §5.4; RFC 6582 §3.2 (4): no fast retransmit until all that was sent before is acknowledged.
    /// </summary>
    public void OnRetransmitTimeout(Flight flight, SeqNumber next)
    {
        flight.MarkAllLost();
        State = RecoveryState.Loss;
        RecoveryPoint = next;
        DuplicateAcks = 0;
        LeftNetwork = 0;
        MustRetransmitFirst = true;
    }

    private void Leave()
    {
        State = RecoveryState.Open;
        DuplicateAcks = 0;
        LeftNetwork = 0;
        MustRetransmitFirst = false;
    }

    // RFC 6582 §3.2 (3): without SACK a partial ACK says that the segment after it is lost as well.
    private void OnPartialAck(Flight flight, in LossFacts facts)
    {
        if (State == RecoveryState.Open)
        {
            DuplicateAcks = 0; // they told of reordering; what they said had left is acknowledged now
            LeftNetwork = 0;
        }

        if (State != RecoveryState.Recovery || facts.HasSack)
            return;

        uint beyondOne = facts.Acked > facts.SegmentSize ? facts.Acked - (uint)facts.SegmentSize : 0;
        LeftNetwork = LeftNetwork > beyondOne ? LeftNetwork - beyondOne : 0;
        flight.MarkFirstLost(facts.SegmentSize);
        MustRetransmitFirst = true;
    }

    private void CountDuplicates(in LossFacts facts)
    {
        if (facts.Acked > 0 || State == RecoveryState.Loss)
            return;

        bool counts = facts.HasSack ? facts.Sacked > 0 : facts.IsDuplicate;
        if (!counts)
            return;

        DuplicateAcks++;
        if (!facts.HasSack)
            LeftNetwork += (uint)facts.SegmentSize;
    }
}
