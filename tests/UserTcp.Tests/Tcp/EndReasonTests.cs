using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

/// <summary>The machine alone keeps the reason of an end: it has one by the time that it tells of the end.</summary>
public sealed class EndReasonTests
{
    private static readonly TcpState[] s_states =
    [
        TcpState.SynSent, TcpState.Established, TcpState.FinWait1, TcpState.FinWait2, TcpState.CloseWait,
        TcpState.Closing, TcpState.LastAck,
    ];

    [Fact]
    public void An_end_by_a_call_has_its_reason()
    {
        foreach (TcpState state in s_states)
        {
            Assert.Equal(UserTcpCloseReason.ResetByLocal, Ended(state, UserCall.Abort));
            Assert.Equal(UserTcpCloseReason.StackStopped, Ended(state, UserCall.StackStopped));
            Assert.Equal(UserTcpCloseReason.LinkDown, Ended(state, UserCall.LinkDown));
            Assert.Equal(UserTcpCloseReason.AddressLost, Ended(state, UserCall.AddressLost));
        }
    }

    [Fact]
    public void The_good_end_has_its_reason_before_the_wait_is_over()
    {
        TcbBench bench = TcbBench.In(TcpState.FinWait2).Arrives("<SEQ=1001><ACK=102><CTL=FIN,ACK>")
            .Saw(Effects.TimeWait);
        Assert.Equal(UserTcpCloseReason.Graceful, bench.Tcb.CloseReason);
    }

    private static UserTcpCloseReason Ended(TcpState state, UserCall call)
    {
        TcbBench bench = TcbBench.In(state).DidNotSee(Effects.Closed).Calls(call).Saw(Effects.Closed);
        return bench.Tcb.CloseReason;
    }
}
