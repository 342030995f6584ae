using System.IO.Pipelines;
using UserTcp.Primitives;

namespace UserTcp.Tests.Pipes;

public sealed class TcpPipeWriterTests
{
    private const int Hang = 300_000;

    private readonly LoopbackDoor _door = new(sendBufferBytes: 10_000) { IsSilent = true };

    [Fact(Timeout = Hang)]
    public async Task A_flush_waits_from_the_send_buffer_on_and_resumes_below_half()
    {
        Assert.True(_door.Writer.WriteAsync(new byte[9_999]).IsCompleted);
        ValueTask<FlushResult> pending = _door.Writer.WriteAsync(new byte[1]);
        Assert.False(pending.IsCompleted);

        _door.Turn(() => Acknowledge(5_000));
        Assert.False(pending.IsCompleted);
        _door.Turn(() => Acknowledge(5_001));
        Assert.Equal((false, false), Flags(await pending));
    }

    [Fact(Timeout = Hang)]
    public async Task A_paused_writer_waits_until_below_half_with_every_flush()
    {
        ValueTask<FlushResult> first = _door.Writer.WriteAsync(new byte[10_000]);
        _door.Writer.CancelPendingFlush();
        Assert.Equal((true, false), Flags(await first));
        _door.Turn(() => Acknowledge(1_000));

        ValueTask<FlushResult> second = _door.Writer.FlushAsync();
        Assert.False(second.IsCompleted);
        _door.Turn(() => Acknowledge(10_000));
        Assert.Equal((false, false), Flags(await second));
    }

    [Theory(Timeout = Hang)]
    [InlineData(UserTcpCloseReason.ResetByPeer)]
    [InlineData(UserTcpCloseReason.TimedOut)]
    [InlineData(UserTcpCloseReason.ResetByLocal)]
    [InlineData(UserTcpCloseReason.StackStopped)]
    [InlineData(UserTcpCloseReason.Graceful)]
    public async Task A_dead_connection_completes_flushes_and_throws_nothing(UserTcpCloseReason reason)
    {
        ValueTask<FlushResult> pending = _door.Writer.WriteAsync(new byte[20_000]);
        _door.Turn(() => _door.Close(reason));

        Assert.Equal((false, true), Flags(await pending));
        for (int i = 0; i < 100; i++)
            Assert.Equal((false, true), Flags(await _door.Writer.WriteAsync(new byte[100_000])));
        Assert.Equal(0, _door.Pool.BytesOut);
        Assert.Equal(reason, _door.Writer.CloseReason);
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_completes_a_waiting_flush_and_what_was_flushed_stays_to_be_sent()
    {
        ValueTask<FlushResult> pending = _door.Writer.WriteAsync(new byte[20_000]);
        _door.Turn(_door.Dispose);

        Assert.Equal((false, true), Flags(await pending));
        Assert.Equal((false, true), Flags(await _door.Writer.WriteAsync(new byte[100])));
        Assert.Equal(20_000, _door.SendQueue.Unacknowledged);
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_publishes_what_was_advanced_and_nothing_that_comes_later()
    {
        await _door.Writer.WriteAsync(new byte[5]);
        _door.Writer.GetSpan(8);
        _door.Writer.Advance(3);
        _door.Turn(_door.Dispose);
        Assert.Equal(8, _door.SendQueue.Unacknowledged);

        _door.Writer.Advance(2);
        Assert.Equal((false, true), Flags(await _door.Writer.FlushAsync()));
        Assert.Equal(8, _door.SendQueue.Unacknowledged);
        Assert.True(_door.Writer.IsEndedByDisposal);
    }

    [Fact]
    public void The_reason_of_an_abort_outlives_disposal()
    {
        var cause = new TimeoutException("too slow");
        _door.Turn(() => _door.Close(UserTcpCloseReason.ResetByLocal, cause));
        _door.Turn(_door.Dispose);

        Assert.Same(cause, _door.Writer.Cause);
        Assert.False(_door.Writer.IsEndedByDisposal);
    }

    [Fact]
    public void A_second_flush_is_refused_while_somebody_awaits_the_first()
    {
        Task<FlushResult> pending = _door.Writer.WriteAsync(new byte[20_000]).AsTask();

        Assert.False(pending.IsCompleted);
        Assert.Throws<InvalidOperationException>(() => { _ = _door.Writer.FlushAsync(); });
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_ends_the_wait_and_not_the_connection()
    {
        using var source = new CancellationTokenSource();
        ValueTask<FlushResult> pending = _door.Writer.WriteAsync(new byte[20_000], source.Token);
        await source.CancelAsync();

        var error = await Assert.ThrowsAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(20_000, _door.SendQueue.Unacknowledged);
        _door.Turn(() => Acknowledge(20_000));
        Assert.Equal((false, false), Flags(await _door.Writer.WriteAsync(new byte[10])));
    }

    [Fact(Timeout = Hang)]
    public async Task Only_a_flush_with_something_new_tells_the_connection()
    {
        await _door.Writer.FlushAsync();
        Assert.Empty(_door.Calls);
        await _door.Writer.WriteAsync(new byte[1]);
        await _door.Writer.FlushAsync();

        Assert.Equal([PipeCalls.Send], _door.Calls);
    }

    [Fact]
    public void Text_that_is_flushed_behind_urgent_text_is_not_urgent()
    {
        _door.IsSilent = true;
        _door.Writer.GetSpan(10);
        _door.Writer.Advance(10);
        _door.Writer.FlushUrgent();
        Assert.True(_door.Writer.WriteAsync(new byte[10]).IsCompletedSuccessfully);

        Assert.Equal(10, _door.Writer.OnUrgent());
        Assert.Equal(20, _door.SendQueue.End);
    }

    [Fact]
    public void Completing_publishes_what_was_advanced_and_asks_for_fin()
    {
        _door.Writer.GetSpan(3);
        _door.Writer.Advance(3);
        _door.Writer.Complete();
        _door.Writer.Complete();

        Assert.Equal(3, _door.SendQueue.End);
        Assert.Equal([PipeCalls.Close], _door.Calls);
    }

    [Fact(Timeout = Hang)]
    public async Task Completing_with_an_error_resets_the_connection()
    {
        await _door.Writer.WriteAsync(new byte[20]);
        _door.Writer.GetSpan(3);
        _door.Writer.Advance(3);
        await _door.Writer.CompleteAsync(new TimeoutException());

        Assert.Equal([PipeCalls.Send, PipeCalls.Abort], _door.Calls);
        Assert.Equal(0, _door.Pool.BytesOut);
        await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await _door.Reader.ReadAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task An_idle_writer_holds_no_memory()
    {
        _door.IsSilent = false;
        await _door.Writer.WriteAsync(new byte[50_000]);
        ReadResult result = await _door.Reader.ReadAsync();
        _door.Reader.AdvanceTo(result.Buffer.End);

        Assert.Equal(0, _door.Pool.BytesOut);
    }

    [Fact]
    public void Writing_after_the_end_was_asked_for_is_refused()
    {
        _door.Writer.Complete();

        Assert.Throws<InvalidOperationException>(() => _door.Writer.GetMemory());
        Assert.Throws<InvalidOperationException>(() => _door.Writer.Advance(0));
    }

    private static (bool IsCanceled, bool IsCompleted) Flags(FlushResult result) =>
        (result.IsCanceled, result.IsCompleted);

    private void Acknowledge(long position)
    {
        _door.SendQueue.FreeBelow(position);
        _door.WriterMayContinue();
    }
}
