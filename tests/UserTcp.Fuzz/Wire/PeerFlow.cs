using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Fuzz.Wire;

/// <summary>
/// One flow as its peer sees it: enough to say something plausible at any moment, whatever the stack is up to.
/// </summary>
internal sealed class PeerFlow(FlowKey key)
{
    /// <summary>As the stack sees it: local is the stack's end.</summary>
    public FlowKey Key { get; } = key;

    /// <summary>The stack's SYN or SYN-ACK was seen.</summary>
    public bool HasSyn { get; private set; }

    public bool HasSynAck { get; private set; }

    /// <summary>The sequence number of the stack's SYN.</summary>
    public SeqNumber StackIss { get; private set; }

    /// <summary>After the last octet, SYN or FIN of the stack's that was seen.</summary>
    public SeqNumber StackEnd { get; private set; }

    /// <summary>The last number that the stack acknowledged.</summary>
    public SeqNumber StackAck { get; private set; }

    public uint StackTimestamp { get; private set; }

    public bool HasTimestamps { get; private set; }

    /// <summary>The peer's own initial number.</summary>
    public SeqNumber Isn { get; set; } = new(1_000);

    /// <summary>The peer's next sequence number.</summary>
    public SeqNumber Next { get; set; } = new(1_001);

    /// <summary>The last number that the peer acknowledged.</summary>
    public SeqNumber Acked { get; set; }

    /// <summary>The peer's clock: it moves with everything that the peer sends.</summary>
    public uint Timestamp { get; set; } = 1_000;

    /// <summary>The head of the last packet of the stack: what ICMP errors quote.</summary>
    public byte[] LastPacket { get; } = new byte[60];

    public int LastPacketLength { get; private set; }

    /// <summary>The stack sent something.</summary>
    public void OnSent(in TcpSegment segment, ReadOnlySpan<byte> packet)
    {
        LastPacketLength = Math.Min(packet.Length, LastPacket.Length);
        packet[..LastPacketLength].CopyTo(LastPacket);
        if (segment.Options.HasTimestamps)
            StackTimestamp = segment.Options.TsVal;
        if (segment.Has(TcpFlags.Ack))
            StackAck = segment.Ack;
        if (segment.Has(TcpFlags.Rst))
            return;

        if (segment.Has(TcpFlags.Syn))
            OnSyn(segment);
        else if (segment.End > StackEnd)
            StackEnd = segment.End;
    }

    private void OnSyn(in TcpSegment segment)
    {
        HasSyn = true;
        HasSynAck = segment.Has(TcpFlags.Ack);
        HasTimestamps = segment.Options.HasTimestamps;
        StackIss = segment.Seq;
        StackEnd = segment.End;
        Acked = segment.Seq;
        if (HasSynAck)
            Next = segment.Ack;
    }
}
