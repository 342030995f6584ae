using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>RFC 9293 §3.10.7.1: a segment that belongs to no connection.</summary>
internal static class Strangers
{
    /// <summary>The reset it is answered with; false for a reset, which is never answered.</summary>
    public static bool TryReset(in TcpSegment seg, out SegmentPlan plan)
    {
        plan = default;
        if (seg.Has(TcpFlags.Rst))
            return false;

        if (seg.Has(TcpFlags.Ack))
        {
            plan.Seq = seg.Ack;
            plan.Flags = TcpFlags.Rst;
            return true;
        }

        plan.Ack = seg.End;
        plan.Flags = TcpFlags.Rst | TcpFlags.Ack;
        return true;
    }
}
