using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Tcp;

public sealed class IcmpTests
{
    private static TcbBench Told(TcbBench bench, object error, uint seq)
    {
        bench.Tcb.OnIcmpError((IcmpError)error, new SeqNumber(seq), bench.Now);
        return bench;
    }

    [Theory]
    [InlineData(IcmpError.PortUnreachable)]
    [InlineData(IcmpError.ProtocolUnreachable)]
    [InlineData(IcmpError.Prohibited)] // RFC 1812 §5.2.7.1
    [Rfc("9293 §3.9.2.2", "MUST-54", "SHLD-26")]
    public void Hard_error_ends_an_attempt(object error)
    {
        TcbBench bench = Told(TcbBench.SynSent(), error, 100).State(TcpState.Closed);
        Assert.Equal(UserTcpCloseReason.Refused, bench.Tcb.CloseReason);
    }

    [Theory]
    [InlineData(IcmpError.HostUnreachable)]
    [InlineData(IcmpError.NetworkUnreachable)]
    [InlineData(IcmpError.TimeExceeded)]
    [InlineData(IcmpError.ParameterProblem)]
    [Rfc("9293 §3.9.2.2")]
    public void Soft_error_does_not_end_an_attempt(object error) =>
        Told(TcbBench.SynSent(), error, 100).State(TcpState.SynSent)
            .Arrives("<SEQ=1000><ACK=101><CTL=SYN,ACK><MSS=1000>").State(TcpState.Established);

    [Fact]
    [Rfc("9293 §3.9.2.2", "SHLD-25")]
    public void Unreachable_again_for_a_repeated_syn_ends_the_attempt_with_the_reason()
    {
        TcbBench bench = Told(TcbBench.SynSent(), IcmpError.HostUnreachable, 100);
        bench.ToDeadline();
        bench.Sends("<SEQ=100><CTL=SYN>");
        Told(bench, IcmpError.HostUnreachable, 100).State(TcpState.Closed);
        Assert.Equal(UserTcpCloseReason.HostUnreachable, bench.Tcb.CloseReason);
    }

    [Theory]
    [InlineData(IcmpError.HostUnreachable, UserTcpCloseReason.HostUnreachable)]
    [InlineData(IcmpError.NetworkUnreachable, UserTcpCloseReason.NetworkUnreachable)]
    [InlineData(IcmpError.Prohibited, UserTcpCloseReason.HostUnreachable)]
    [InlineData(IcmpError.PortUnreachable, UserTcpCloseReason.ProtocolUnreachable)]
    [Rfc("9293 §3.9.2.2", "SHLD-25")]
    [Rfc("9293 §3.9.1.8", "MUST-47")]
    public void Error_about_a_connection_is_kept_and_explains_its_end(object error, UserTcpCloseReason reason)
    {
        TcbBench bench = TcbBench.Established(TcbBench.Defaults(r2: 2)).Writes(100);
        bench.Drain();
        Told(bench, error, 101).State(TcpState.Established);
        Assert.Equal(reason, bench.Report.SoftError);
        while (bench.Tcb.State == TcpState.Established)
        {
            bench.ToDeadline();
            bench.Drain();
        }

        bench.ClosedBy(reason);
    }

    [Theory]
    [InlineData(100u)]
    [InlineData(201u)]
    public void Forged_error_outside_the_flight_is_ignored(uint seq) // RFC 5927 §4
    {
        TcbBench bench = TcbBench.Established().Writes(100);
        bench.Drain();
        Told(bench, IcmpError.HostUnreachable, seq);
        Assert.Equal(UserTcpCloseReason.None, bench.Report.SoftError);
    }

    [Fact]
    public void Next_hop_that_does_not_answer_ends_an_attempt()
    {
        TcbBench bench = TcbBench.SynSent();
        Assert.True(bench.Tcb.OnNextHopUnreachable(bench.Now).HasFlag(Effects.Closed));
        Assert.Equal(UserTcpCloseReason.HostUnreachable, bench.Tcb.CloseReason);
    }

    [Fact]
    public void Next_hop_that_does_not_answer_leaves_a_connection_alone()
    {
        TcbBench bench = TcbBench.Established();
        bench.Tcb.OnNextHopUnreachable(bench.Now);
        bench.State(TcpState.Established);
    }
}
