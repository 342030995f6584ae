using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>A well-formed segment in host order, its options decoded, its text still in the frame.</summary>
internal readonly ref partial struct TcpSegment
{
    public ushort SourcePort { get; init; }

    public ushort DestinationPort { get; init; }

    /// <summary>SEG.SEQ.</summary>
    public SeqNumber Seq { get; init; }

    /// <summary>SEG.ACK; meaningful only with the ACK bit.</summary>
    public SeqNumber Ack { get; init; }

    public TcpFlags Flags { get; init; }

    /// <summary>SEG.WND, not scaled.</summary>
    public WireWindow Window { get; init; }

    /// <summary>SEG.UP, an offset from SEG.SEQ; meaningful only with the URG bit.</summary>
    public ushort UrgentPointer { get; init; }

    public TcpOptions Options { get; init; }

    /// <summary>
    /// Whether the option list broke off; what came before is in <see cref="Options"/> (RFC 9293 §3.1, MUST-7).
    /// </summary>
    public bool HasBrokenOptions { get; init; }

    public ReadOnlySpan<byte> Text { get; init; }

    /// <summary>
    /// The size of the segments a coalesced frame was made of, in bytes of text; 0 if the device did not say.
    /// </summary>
    public int CoalescedSegmentSize { get; init; }

    /// <summary>The ECN field of its packet.</summary>
    public EcnCodepoint Ecn { get; init; }

    /// <summary>How its checksum stands, where that tells something of its sender.</summary>
    public ChecksumFinding Checksum { get; init; }

    public bool Has(TcpFlags flags) => (Flags & flags) == flags;

    /// <summary>SEG.LEN: the octets of text, and one each for SYN and FIN.</summary>
    public uint Length => (uint)Text.Length + (Has(TcpFlags.Syn) ? 1u : 0) + (Has(TcpFlags.Fin) ? 1u : 0);

    /// <summary>The sequence number after the segment.</summary>
    public SeqNumber End => Seq + Length;
}
