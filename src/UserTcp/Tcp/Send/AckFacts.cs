using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <summary>An ACK as the sender sees it.</summary>
internal struct AckFacts
{
    /// <summary>SEG.ACK.</summary>
    public SeqNumber Ack;

    /// <summary>
    /// RFC 5681 §2: something is outstanding, no text, no SYN or FIN, the same number, the same window.
    /// </summary>
    public bool IsDuplicate;

    /// <summary>A round trip by the echoed timestamp (RFC 7323 §4.1), for what was sent more than once.</summary>
    public TimeSpan? EchoedRtt;

    /// <summary>ECE, where ECN was negotiated (RFC 3168 §6.1.2).</summary>
    public bool HasEcnEcho;

    public int SackCount;
    public SackBlocks Sack;

    /// <summary>
    /// The block that reports a duplicate: the first one, if it lies below the segment's acknowledgment number or
    /// within the second (RFC 2883 §5).
    /// </summary>
    public readonly bool TryGetDuplicate(out SackBlock duplicate)
    {
        duplicate = SackCount > 0 ? Sack[0] : default;
        if (SackCount == 0)
            return false;
        if (duplicate.Right <= Ack)
            return true;

        return SackCount > 1 && duplicate.Left >= Sack[1].Left && duplicate.Right <= Sack[1].Right;
    }
}
