using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>
/// A segment to be: a description without memory. The payload is named by its position in the send queue;
/// <see cref="SegmentSize"/> below <see cref="PayloadLength"/> makes it a super-segment.
/// </summary>
internal struct SegmentPlan
{
    public SeqNumber Seq;
    public SeqNumber Ack;
    public TcpFlags Flags;
    public WireWindow Window;
    public ushort UrgentPointer;

    /// <summary>Position of the first octet of text in the send queue.</summary>
    public long PayloadOffset;

    public int PayloadLength;

    /// <summary>The text of each segment if this is a super-segment, else <see cref="PayloadLength"/> or 0.</summary>
    public int SegmentSize;

    /// <summary>Whether octets are sent that were sent before.</summary>
    public bool IsRetransmission;

    /// <summary>The ECN field of its packet.</summary>
    public EcnCodepoint Ecn;

    public TcpOptions Options;
}
