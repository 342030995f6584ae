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
            plan.Options = Echo(seg.Options);
            return true;
        }

        plan.Ack = seg.End;
        plan.Flags = TcpFlags.Rst | TcpFlags.Ack;
        plan.Options = Echo(seg.Options);
        return true;
    }

    /// <summary>A reset carries timestamps if what it answers does (RFC 7323 §5.2).</summary>
    public static TcpOptions Echo(in TcpOptions options) =>
        options.HasTimestamps ? new TcpOptions { HasTimestamps = true, TsEcr = options.TsVal } : default;
}
