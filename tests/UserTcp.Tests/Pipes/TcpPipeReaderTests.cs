using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Primitives;

namespace UserTcp.Tests.Pipes;

public sealed class TcpPipeReaderTests
{
    private const int Hang = 300_000;

    private readonly LoopbackDoor _door = new();

    [Fact(Timeout = Hang)]
    public async Task Bytes_that_came_before_a_reset_are_read_before_it_is_reported()
    {
        await _door.Writer.WriteAsync(new byte[] { 1, 2, 3 });
        _door.Turn(() => _door.Close(UserTcpCloseReason.ResetByPeer));

        ReadResult result = await _door.Reader.ReadAsync();
        Assert.Equal([1, 2, 3], result.Buffer.ToArray());
        Assert.False(result.IsCompleted);
        _door.Reader.AdvanceTo(result.Buffer.End);

        for (int i = 0; i < 2; i++)
        {
            UserTcpConnectionException error = await ReadFailsAsync();
            var inner = Assert.IsType<SocketException>(error.InnerException);
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
            Assert.Equal(SocketError.ConnectionReset, inner.SocketErrorCode);
            Assert.Equal(UserTcpCloseReason.ResetByPeer, error.CloseReason);
        }
    }

    [Theory(Timeout = Hang)]
    [InlineData(UserTcpCloseReason.ResetByPeer, SocketError.ConnectionReset)]
    [InlineData(UserTcpCloseReason.Refused, SocketError.ConnectionRefused)]
    [InlineData(UserTcpCloseReason.ResetByLocal, SocketError.ConnectionAborted)]
    [InlineData(UserTcpCloseReason.TimedOut, SocketError.TimedOut)]
    [InlineData(UserTcpCloseReason.KeepAliveTimedOut, SocketError.TimedOut)]
    [InlineData(UserTcpCloseReason.HostUnreachable, SocketError.HostUnreachable)]
    [InlineData(UserTcpCloseReason.NetworkUnreachable, SocketError.NetworkUnreachable)]
    [InlineData(UserTcpCloseReason.StackStopped, SocketError.OperationAborted)]
    [InlineData(UserTcpCloseReason.LinkDown, SocketError.NetworkDown)]
    [InlineData(UserTcpCloseReason.AddressLost, SocketError.ConnectionAborted)]
    public async Task A_waiting_read_fails_with_the_code_of_the_reason(UserTcpCloseReason reason, SocketError code)
    {
        ValueTask<ReadResult> pending = _door.Reader.ReadAsync();
        _door.Turn(() => _door.Close(reason));

        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await pending);
        Assert.Equal((code, reason), (error.SocketErrorCode, error.CloseReason));
    }

    [Fact(Timeout = Hang)]
    public async Task The_reason_that_an_application_gave_to_abort_is_kept()
    {
        var cause = new TimeoutException("too slow");
        _door.Turn(() => _door.Close(UserTcpCloseReason.ResetByLocal, cause));

        UserTcpConnectionException error = await ReadFailsAsync();
        Assert.Same(cause, error.InnerException);
        Assert.Equal(SocketError.ConnectionAborted, error.SocketErrorCode);
    }

    [Fact(Timeout = Hang)]
    public async Task An_end_that_was_reached_is_not_taken_back_by_a_reset()
    {
        await _door.Writer.CompleteAsync();
        _door.Turn(() => _door.Close(UserTcpCloseReason.ResetByPeer));

        Assert.True((await _door.Reader.ReadAsync()).IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task A_minimum_that_can_no_longer_be_met_fails_and_loses_nothing()
    {
        await _door.Writer.WriteAsync(new byte[] { 1, 2, 3 });
        ValueTask<ReadResult> pending = _door.Reader.ReadAtLeastAsync(10);
        _door.Turn(() => _door.Close(UserTcpCloseReason.TimedOut));

        await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await pending);
        Assert.Equal([1, 2, 3], (await _door.Reader.ReadAsync()).Buffer.ToArray());
    }

    [Fact(Timeout = Hang)]
    public async Task An_ordinary_read_after_a_cancelled_minimum_gives_what_is_there()
    {
        await _door.Writer.WriteAsync(new byte[] { 1, 2 });
        ValueTask<ReadResult> pending = _door.Reader.ReadAtLeastAsync(4);
        _door.Reader.CancelPendingRead();
        Assert.True((await pending).IsCanceled);

        Assert.Equal([1, 2], (await _door.Reader.ReadAsync()).Buffer.ToArray());
    }

    [Fact(Timeout = Hang)]
    public async Task A_second_read_is_refused_while_somebody_awaits_the_first_which_is_not_disturbed()
    {
        Task<ReadResult> pending = _door.Reader.ReadAsync().AsTask();

        Assert.Throws<InvalidOperationException>(() => { _ = _door.Reader.ReadAsync(); });
        Assert.Throws<InvalidOperationException>(() => _door.Reader.TryRead(out _));
        await _door.Writer.WriteAsync(new byte[] { 7 });
        Assert.Equal([7], (await pending).Buffer.ToArray());
    }

    [Fact(Timeout = Hang)]
    public async Task Holding_too_much_fails_the_read_and_names_the_option()
    {
        _door.ReceiveQueue.HeldLimit = 10;
        await _door.Writer.WriteAsync(new byte[10]);
        ReadResult result = await _door.Reader.ReadAsync();
        _door.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        var error = Assert.Throws<InvalidOperationException>(() => { _ = _door.Reader.ReadAsync(); });
        Assert.Contains("UserTcpConnectionOptions.MaxHeldBytes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Waiting_for_more_than_may_be_held_fails_at_once()
    {
        Assert.Throws<InvalidOperationException>(
            () => { _ = _door.Reader.ReadAtLeastAsync((int)_door.ReceiveQueue.HeldLimit + 1); });
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_fails_a_waiting_read_promptly_and_later_ones_say_disposed()
    {
        ValueTask<ReadResult> pending = _door.Reader.ReadAsync();
        _door.Turn(_door.Dispose);

        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await pending);
        Assert.Equal(SocketError.OperationAborted, error.SocketErrorCode);
        Assert.Throws<ObjectDisposedException>(() => { _ = _door.Reader.ReadAsync(); });
        Assert.Throws<ObjectDisposedException>(() => _door.Reader.TryRead(out _));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_during_a_read_leaves_the_buffer_as_it_is()
    {
        byte[] bytes = [.. Enumerable.Range(0, 20_000).Select(i => (byte)(i * 3))];
        await _door.Writer.WriteAsync(bytes);
        ReadOnlySequence<byte> buffer = (await _door.Reader.ReadAsync()).Buffer;
        _door.Turn(_door.Dispose);
        for (int i = 0; i < 64; i++)
            _door.Pool.Rent(1 << i % 17).Bytes.Fill(0xEE);

        Assert.Equal(bytes, buffer.ToArray());
        _door.Reader.AdvanceTo(buffer.End);
        await _door.Reader.CompleteAsync();
    }

    [Fact(Timeout = Hang)]
    public async Task Completion_gives_the_memory_back_and_tells_the_connection()
    {
        await _door.Writer.WriteAsync(new byte[20_000]);
        await _door.Reader.ReadAsync();
        await _door.Reader.CompleteAsync();

        Assert.Equal(0, _door.Pool.BytesOut);
        Assert.Contains(PipeCalls.CloseInput, _door.Calls);
        Assert.True(_door.ReceiveQueue.LeavesUnread);
    }

    [Fact(Timeout = Hang)]
    public async Task Completion_fails_a_read_that_waits()
    {
        ValueTask<ReadResult> pending = _door.Reader.ReadAsync();
        await _door.Reader.CompleteAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await pending);
    }

    [Fact(Timeout = Hang)]
    public async Task Advancing_tells_the_connection_only_if_something_moved()
    {
        await _door.Writer.WriteAsync(new byte[] { 1, 2 });
        ReadResult result = await _door.Reader.ReadAsync();
        _door.Calls.Clear();
        _door.Reader.AdvanceTo(result.Buffer.Start);
        Assert.Empty(_door.Calls);

        result = await _door.Reader.ReadAsync();
        _door.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        Assert.Equal([PipeCalls.Receive], _door.Calls);
    }

    [Fact(Timeout = Hang)]
    public async Task Advancing_posts_only_what_the_peer_has_to_hear_of()
    {
        _door.UpdateFrom = 10;
        await _door.Writer.WriteAsync(new byte[20]);
        ReadResult result = await _door.Reader.ReadAsync();
        _door.Calls.Clear();
        _door.Reader.AdvanceTo(result.Buffer.GetPosition(9));
        Assert.Empty(_door.Calls);
        Assert.Equal(PipeCalls.Receive, _door.Lazy);

        result = await _door.Reader.ReadAsync();
        _door.Reader.AdvanceTo(result.Buffer.GetPosition(1));
        Assert.Equal([PipeCalls.Receive], _door.Calls);

        _door.Calls.Clear();
        result = await _door.Reader.ReadAsync();
        _door.UpdateFrom = 25;
        _door.Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        _door.Reader.CancelPendingRead();
        result = await _door.Reader.ReadAsync();
        _door.Reader.AdvanceTo(result.Buffer.End); // examined before
        Assert.Equal([PipeCalls.Receive], _door.Calls);
        Assert.Equal(PipeCalls.Receive, _door.Lazy);
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_cancelled_while_bytes_arrive_loses_none()
    {
        long received = 0;
        const int Rounds = 2_000;
        for (int i = 0; i < Rounds; i++)
        {
            using var source = new CancellationTokenSource();
            ValueTask<ReadResult> pending = _door.Reader.ReadAsync(source.Token);
            Task cancelling = Task.Run(source.Cancel);
            await _door.Writer.WriteAsync(new byte[] { 1 });
            try
            {
                ReadResult result = await pending;
                received += result.Buffer.Length;
                _door.Reader.AdvanceTo(result.Buffer.End);
            }
            catch (OperationCanceledException error)
            {
                Assert.Equal(source.Token, error.CancellationToken);
            }

            await cancelling;
        }

        if (_door.Reader.TryRead(out ReadResult rest))
            received += rest.Buffer.Length;
        Assert.Equal(Rounds, received);
    }

    private async Task<UserTcpConnectionException> ReadFailsAsync() =>
        await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await _door.Reader.ReadAsync());
}
