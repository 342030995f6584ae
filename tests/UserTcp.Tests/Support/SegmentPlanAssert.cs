using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Tests.Support;

internal static class SegmentPlanAssert
{
    public static void IsReset(in SegmentPlan plan, SeqNumber seq)
    {
        Assert.True(plan.Flags.HasFlag(TcpFlags.Rst));
        Assert.Equal(seq, plan.Seq);
        Assert.Equal(0, plan.PayloadLength);
    }
}
