using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using UserTcp.Buffers;
using UserTcp.Tests.Pipes;
using UserTcp.Tests.Support;

namespace UserTcp.Tests;

/// <summary>The stream over both halves of one loop: what is written comes back.</summary>
public sealed class UserTcpStreamTests : IDisposable
{
    private const int Hang = 300_000;

    private readonly LoopbackDoor _door = new();
    private readonly Owner _owner;
    private readonly UserTcpStream _stream;

    public UserTcpStreamTests()
    {
        _owner = new Owner(_door);
        _stream = new UserTcpStream(_door.Reader, _door.Writer, _owner);
    }

    public void Dispose() => _stream.Dispose();

    [Fact(Timeout = Hang)]
    public async Task What_is_written_by_any_overload_is_read_by_any_overload()
    {
        var bytes = new byte[8];
        await _stream.WriteAsync("a"u8.ToArray().AsMemory());
        await _stream.WriteAsync("xbx"u8.ToArray(), 1, 1, CancellationToken.None);
        WriteBlocking("c");
        _stream.EndWrite(_stream.BeginWrite("d"u8.ToArray(), 0, 1, null, null));

        Assert.Equal(1, await _stream.ReadAsync(bytes.AsMemory(0, 1)));
        Assert.Equal(1, await _stream.ReadAsync(bytes, 1, 1, CancellationToken.None));
        Assert.Equal(1, ReadBlocking(bytes.AsSpan(2, 1)));
        Assert.Equal(1, _stream.EndRead(_stream.BeginRead(bytes, 3, 1, null, null)));
        Assert.Equal("abcd", Encoding.ASCII.GetString(bytes, 0, 4));
    }

    [Fact]
    public void Single_bytes_go_and_come_until_the_end()
    {
        _stream.WriteByte(200);
        Assert.Equal(200, _stream.ReadByte());
        _door.Writer.Complete();

        Assert.Equal(-1, _stream.ReadByte());
        Assert.Equal(0, _stream.Read(new byte[5]));
    }

    [Fact(Timeout = Hang)]
    public async Task A_read_takes_what_is_there_and_leaves_the_rest()
    {
        await _stream.WriteAsync("hello"u8.ToArray());

        Assert.Equal("he", await ReadAsync(2));
        Assert.Equal("llo", await ReadAsync(10));
    }

    [Fact(Timeout = Hang)]
    public async Task An_empty_read_waits_until_there_is_something()
    {
        ValueTask<int> pending = _stream.ReadAsync(Memory<byte>.Empty);
        Assert.False(pending.IsCompleted);
        await _stream.WriteAsync("x"u8.ToArray());

        Assert.Equal(0, await pending);
        Assert.Equal("x", await ReadAsync(1));
    }

    [Fact(Timeout = Hang)]
    public async Task Bytes_then_reset_are_read_then_the_error_once_then_nothing()
    {
        await _stream.WriteAsync("hello"u8.ToArray());
        Close(UserTcpCloseReason.ResetByPeer);

        Assert.Equal("hello", await ReadAsync(10));
        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(() => ReadAsync(1));
        AssertCode(SocketError.ConnectionReset, error);
        Assert.Equal("", await ReadAsync(1));
        Assert.Equal(0, _stream.Read(new byte[1]));
        AssertCode(SocketError.Shutdown, await WriteFailsAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_write_may_be_the_first_to_report_the_reset()
    {
        Close(UserTcpCloseReason.ResetByPeer);

        AssertCode(SocketError.ConnectionReset, await WriteFailsAsync());
        AssertCode(SocketError.Shutdown, await WriteFailsAsync());
        Assert.Equal("", await ReadAsync(1));
    }

    [Fact(Timeout = Hang)]
    public async Task After_both_sides_closed_a_write_says_shutdown()
    {
        Close(UserTcpCloseReason.Graceful);

        AssertCode(SocketError.Shutdown, await WriteFailsAsync());
        Assert.Equal("", await ReadAsync(1));
    }

    [Fact(Timeout = Hang)]
    public async Task After_its_own_end_a_write_says_shutdown_and_reading_goes_on()
    {
        await _stream.WriteAsync("tail"u8.ToArray());
        await _door.Writer.CompleteAsync();

        AssertCode(SocketError.Shutdown, await WriteFailsAsync());
        AssertCode(SocketError.Shutdown, Assert.Throws<UserTcpConnectionException>(() => WriteBlocking("x")));
        Assert.Equal("tail", await ReadAsync(10));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_fails_a_waiting_read_promptly_and_later_calls_say_disposed()
    {
        ValueTask<int> pending = _stream.ReadAsync(new byte[1]);
        await _stream.DisposeAsync();

        AssertCode(
            SocketError.OperationAborted,
            await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await pending));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAsync(1));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await _stream.WriteAsync(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => _stream.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => _stream.WriteByte(1));
        Assert.Equal((false, false), (_stream.CanRead, _stream.CanWrite));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_fails_a_waiting_write_promptly()
    {
        _door.IsSilent = true;
        ValueTask pending = _stream.WriteAsync(new byte[200_000]);
        Assert.False(pending.IsCompleted);
        await _stream.DisposeAsync();

        AssertCode(
            SocketError.OperationAborted,
            await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await pending));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_by_any_way_disposes_of_the_owner_once()
    {
        _stream.Dispose();
        await _stream.DisposeAsync();
        _stream.Close();

        Assert.Equal(1, _owner.Disposals);
    }

    [Fact(Timeout = Hang)]
    public async Task A_stream_without_an_owner_leaves_the_connection_as_it_is()
    {
        await new UserTcpStream(_door.Reader, _door.Writer, owner: null).DisposeAsync();
        await _stream.WriteAsync("on"u8.ToArray());

        Assert.Equal("on", await ReadAsync(2));
    }

    [Fact(Timeout = Hang)]
    public async Task A_cancelled_read_leaves_the_connection_usable()
    {
        using var source = new CancellationTokenSource();
        ValueTask<int> pending = _stream.ReadAsync(new byte[1], source.Token);
        await source.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        await _stream.WriteAsync("on"u8.ToArray());
        Assert.Equal("on", await ReadAsync(2));
    }

    [Fact(Timeout = Hang)]
    public async Task A_read_that_the_pipe_cancelled_loses_nothing()
    {
        await _stream.WriteAsync("kept"u8.ToArray());
        _door.Reader.CancelPendingRead();

        await Assert.ThrowsAsync<OperationCanceledException>(() => ReadAsync(10));
        Assert.Equal("kept", await ReadAsync(10));
    }

    [Fact(Timeout = Hang)]
    public async Task A_large_write_is_not_copied_ahead_of_what_the_peer_takes()
    {
        _door.IsSilent = true;
        ValueTask pending = _stream.WriteAsync(new byte[10_000_000]);
        Assert.True(_door.SendQueue.Advanced <= 200_000);

        _door.IsSilent = false;
        Task<long> reading = Task.Run(async () =>
        {
            long total = 0;
            var buffer = new byte[50_000];
            while (total < 10_000_000)
                total += await _stream.ReadAsync(buffer);
            return total;
        });
        _door.Turn(() => { });
        await pending;
        Assert.Equal(10_000_000, await reading);
    }

    [Fact(Timeout = Hang)]
    public async Task Copying_takes_all_up_to_the_end()
    {
        byte[] bytes = [.. Enumerable.Range(0, 100_000).Select(i => (byte)(i * 11))];
        using var copy = new MemoryStream();
        Task copying = _stream.CopyToAsync(copy);
        await _stream.WriteAsync(bytes);
        await _door.Writer.CompleteAsync();
        await copying;

        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact(Timeout = Hang)]
    public async Task A_blocking_read_waits_for_bytes_and_a_blocking_write_for_room()
    {
        var received = new byte[300_000];
        Task reading = Task.Factory.StartNew(
            () => _stream.ReadExactly(received),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        Task writing = Task.Factory.StartNew(
            () => WriteBlocking(new string('z', 300_000)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        await Task.WhenAll(reading, writing);

        Assert.Equal(-1, received.AsSpan().IndexOfAnyExcept((byte)'z'));
    }

    [Fact]
    public void A_blocking_read_gives_up_after_its_timeout_and_the_connection_lives_on()
    {
        _stream.ReadTimeout = 1;
        AssertCode(SocketError.TimedOut, Assert.Throws<UserTcpConnectionException>(() => _stream.ReadByte()));
        WriteBlocking("x");

        Assert.Equal('x', _stream.ReadByte());
    }

    [Fact]
    public void A_blocking_write_gives_up_after_its_timeout()
    {
        _door.IsSilent = true;
        _stream.WriteTimeout = 1;

        AssertCode(
            SocketError.TimedOut,
            Assert.Throws<UserTcpConnectionException>(() => WriteBlocking(new string('z', 100_000))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    public void A_timeout_is_positive_or_infinite(int milliseconds)
    {
        Assert.True(_stream.CanTimeout);
        Assert.Equal((Timeout.Infinite, Timeout.Infinite), (_stream.ReadTimeout, _stream.WriteTimeout));
        Assert.Throws<ArgumentOutOfRangeException>(() => _stream.ReadTimeout = milliseconds);
        Assert.Throws<ArgumentOutOfRangeException>(() => _stream.WriteTimeout = milliseconds);
    }

    [Fact]
    public void There_is_no_seeking()
    {
        Assert.False(_stream.CanSeek);
        Assert.Throws<NotSupportedException>(() => _stream.Length);
        Assert.Throws<NotSupportedException>(() => _stream.Position);
        Assert.Throws<NotSupportedException>(() => _stream.Position = 1);
        Assert.Throws<NotSupportedException>(() => _stream.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => _stream.SetLength(1));
    }

    [Fact(Timeout = Hang)]
    public async Task Flushing_does_nothing_but_look_at_its_token()
    {
        _stream.Flush();
        await _stream.FlushAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _stream.FlushAsync(new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Reads_and_writes_that_need_not_wait_allocate_nothing()
    {
        var bytes = new byte[100];
        Allocation.IsNone(() => RoundTrip(bytes));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_resets_after_a_write_that_was_cut_off()
    {
        _door.IsSilent = true;
        using var source = new CancellationTokenSource();
        ValueTask write = _stream.WriteAsync(new byte[1 << 20], source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await write);
        await _stream.DisposeAsync();

        Assert.True(_owner.IsReset);
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_resets_during_a_blocking_write_that_timed_out()
    {
        _door.IsSilent = true;
        _stream.WriteTimeout = 1;
        await Assert.ThrowsAsync<UserTcpConnectionException>(() => Task.Run(() => _stream.Write(new byte[1 << 20])));
        _stream.Dispose();

        Assert.True(_owner.IsReset);
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_does_not_reset_if_no_write_was_cut_off()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await _stream.WriteAsync(new byte[1 << 20], source.Token));
        _door.IsSilent = true;
        using var patience = new CancellationTokenSource();
        ValueTask whole = _stream.WriteAsync(new byte[60_000], patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await whole);
        await _stream.DisposeAsync();

        Assert.False(_owner.IsReset);
        Assert.Equal(60_000, _door.SendQueue.Unacknowledged);
    }

    [Theory(Timeout = Hang)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposal_resets_while_a_slice_is_copied(bool isBlocking)
    {
        // The pipe asks for its second chunk when it has copied the first 4 KiB.
        var chunks = new WatchedChunks(_door.SendQueue.Source, second: _stream.Dispose);
        _door.SendQueue.Source = chunks;
        byte[] text = new byte[60_000];
        AssertCode(
            SocketError.OperationAborted,
            await Assert.ThrowsAsync<UserTcpConnectionException>(async () =>
            {
                if (isBlocking)
                    _stream.Write(text);
                else
                    await _stream.WriteAsync(text);
            }));

        Assert.InRange(_door.SendQueue.End, 1, text.Length - 1);
        Assert.True(_owner.IsReset);
    }

    [Fact]
    public void Disposal_at_any_moment_of_a_write_resets_or_leaves_all_of_it()
    {
        const int Rounds = 300;
        byte[] text = new byte[60_000];
        for (int i = 0; i < Rounds; i++)
        {
            var door = new LoopbackDoor(receiveBufferBytes: 2 * text.Length) { IsSilent = true };
            var owner = new Owner(door);
            var stream = new UserTcpStream(door.Reader, door.Writer, owner);
            using var start = new Barrier(2);
            var writer = new Thread(() =>
            {
                start.SignalAndWait();
                Record.Exception(() => stream.Write(text));
            });
            writer.Start();
            start.SignalAndWait();
            Thread.SpinWait(i * 20);
            stream.Dispose();
            writer.Join();

            Assert.True(
                owner.IsReset || door.SendQueue.End == 0 || door.SendQueue.End == text.Length,
                $"FIN follows {door.SendQueue.End} bytes of {text.Length}, round {i}.");
        }
    }

    private static void AssertCode(SocketError code, UserTcpConnectionException error)
    {
        Assert.Equal(code, error.SocketErrorCode);
        Assert.Equal(code, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
    }

    private void RoundTrip(byte[] bytes)
    {
        Assert.True(_stream.WriteAsync(bytes.AsMemory()).IsCompletedSuccessfully);
        ValueTask<int> read = _stream.ReadAsync(bytes.AsMemory());
        Assert.True(read.IsCompletedSuccessfully);
        Assert.True(bytes.Length == read.GetAwaiter().GetResult());
    }

    private void Close(UserTcpCloseReason reason) => _door.Turn(() => _door.Close(reason));

    private int ReadBlocking(Span<byte> bytes) => _stream.Read(bytes);

    private void WriteBlocking(string text) => _stream.Write(Encoding.ASCII.GetBytes(text));

    private async Task<string> ReadAsync(int length)
    {
        var bytes = new byte[length];
        return Encoding.ASCII.GetString(bytes, 0, await _stream.ReadAsync(bytes));
    }

    private async Task<UserTcpConnectionException> WriteFailsAsync() =>
        await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await _stream.WriteAsync(new byte[1]));

    private sealed class WatchedChunks(IChunkSource chunks, Action second) : IChunkSource
    {
        private int _taken;

        public Chunk Take(int minimumBytes)
        {
            if (++_taken == 2)
                second();
            return chunks.Take(minimumBytes);
        }
    }

    private sealed class Owner(LoopbackDoor door) : IStreamOwner
    {
        public int Disposals { get; private set; }

        public bool IsReset { get; private set; }

        public ValueTask DisposeAsync(bool resets)
        {
            Disposals++;
            IsReset |= resets;
            door.Turn(door.Dispose);
            return ValueTask.CompletedTask;
        }
    }
}
