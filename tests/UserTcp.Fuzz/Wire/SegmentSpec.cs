using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Fuzz.Wire;

/// <summary>A segment that the peer is to send.</summary>
internal struct SegmentSpec
{
    public TcpFlags Flags;
    public SeqNumber Seq;
    public SeqNumber Ack;
    public ushort Window;
    public ushort Urgent;
    public int TextLength;
    public TcpOptions Options;
    public byte TrafficClass;
}
