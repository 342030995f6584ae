using UserTcp.Pipes;

namespace UserTcp.Tests.Pipes;

/// <summary>The first end of a connection counts, and its first cause.</summary>
public sealed class ConnectionEndTests
{
    private readonly Exception _cause = new TimeoutException();
    private ConnectionEnd _end;

    [Fact]
    public void The_first_reason_and_the_first_cause_count()
    {
        _end.OfferCause(null);
        _end.OfferCause(_cause);
        _end.OfferCause(new InvalidOperationException());
        Assert.Null(_end.Cause);
        Assert.True(_end.TryEnd(UserTcpCloseReason.ResetByLocal));
        Assert.False(_end.TryEnd(UserTcpCloseReason.LinkDown));
        Assert.Equal(UserTcpCloseReason.ResetByLocal, _end.Reason);
        Assert.Same(_cause, _end.Cause);
    }

    [Fact]
    public void A_cause_that_is_given_after_the_end_or_for_another_end_does_not_count()
    {
        Assert.True(_end.TryEnd(UserTcpCloseReason.ResetByLocal));
        _end.OfferCause(_cause);
        Assert.Null(_end.Cause);

        var other = default(ConnectionEnd);
        other.OfferCause(_cause);
        Assert.True(other.TryEnd(UserTcpCloseReason.ResetByPeer));
        Assert.Null(other.Cause);
    }

    [Theory]
    [InlineData(false, UserTcpCloseReason.None, true)]
    [InlineData(true, UserTcpCloseReason.None, false)] // the reason of the abort is to come
    [InlineData(false, UserTcpCloseReason.Graceful, false)]
    public void A_connection_is_ended_by_its_disposal_if_nothing_else_was_first(
        bool isAborting, UserTcpCloseReason before, bool isByDisposal)
    {
        if (isAborting)
            _end.AskAbort();
        if (before != UserTcpCloseReason.None)
            _end.TryEnd(before);
        _end.OnLetGo();
        _end.TryEnd(UserTcpCloseReason.ResetByLocal);
        _end.OnLetGo();
        Assert.True(_end.IsLetGo);
        Assert.Equal((isByDisposal, isByDisposal), (_end.IsByDisposal, _end.IsOutputByDisposal));
    }

    [Theory]
    [InlineData(UserTcpCloseReason.None, true)]
    [InlineData(UserTcpCloseReason.TimedOut, false)]
    public void Output_that_the_stack_takes_ends_the_output_alone(UserTcpCloseReason before, bool isTaken)
    {
        if (before != UserTcpCloseReason.None)
            _end.TryEnd(before);
        _end.OnOutputTaken();
        Assert.Equal((false, isTaken), (_end.IsByDisposal, _end.IsOutputByDisposal));
        Assert.False(_end.IsLetGo);
        Assert.Equal(before, _end.Reason);
    }
}
