using System.Net.Sockets;
using System.Security.Cryptography;

namespace UserTcp.Tests.Api.Parity;

/// <content>Empty reads, blocking calls, overloads, copies.</content>
public abstract partial class StreamParity
{
    [Fact(Timeout = Hang)]
    public async Task An_empty_read_waits_for_bytes_and_takes_none()
    {
        ValueTask<int> pending = Near.ReadAsync(Memory<byte>.Empty);
        Assert.False(pending.IsCompleted);
        await Far.WriteAsync("x"u8.ToArray());

        Assert.Equal(0, await pending);
        Assert.Equal("x", await ReadAsync(Near, 10));
    }

    [Fact(Timeout = Hang)]
    public async Task An_empty_read_waits_for_the_end_too()
    {
        ValueTask<int> pending = Near.ReadAsync(Memory<byte>.Empty);
        _far.ShutdownSend();

        Assert.Equal(0, await pending);
        Assert.Equal(0, await Near.ReadAsync(new byte[1]));
        Assert.Equal(0, await Near.ReadAsync(new byte[1]));
    }

    [Fact(Timeout = Hang)]
    public async Task An_empty_write_does_nothing()
    {
        await Near.WriteAsync(ReadOnlyMemory<byte>.Empty);
        Near.Write([], 0, 0);
        await Near.FlushAsync();
        Near.Flush();
        _near.ShutdownSend();

        Assert.Equal("", await ReadToEndAsync(Far));
    }

    [Fact(Timeout = Hang)]
    public async Task Every_overload_reads_what_every_overload_writes()
    {
        var bytes = new byte[6];
        await Near.WriteAsync("a"u8.ToArray().AsMemory());
        await Near.WriteAsync("xbx"u8.ToArray(), 1, 1, CancellationToken.None);
        Near.Write("c"u8);
        Near.Write("xd"u8.ToArray(), 1, 1);
        Near.WriteByte((byte)'e');
        Near.EndWrite(Near.BeginWrite("f"u8.ToArray(), 0, 1, null, null));

        Assert.Equal(1, await Far.ReadAsync(bytes.AsMemory(0, 1)));
        Assert.Equal(1, await Far.ReadAsync(bytes, 1, 1, CancellationToken.None));
        Assert.Equal(1, Far.Read(bytes.AsSpan(2, 1)));
        Assert.Equal(1, Far.Read(bytes, 3, 1));
        Assert.Equal('e', Far.ReadByte());
        Assert.Equal(1, Far.EndRead(Far.BeginRead(bytes, 5, 1, null, null)));
        Assert.Equal("abcd\0f"u8.ToArray(), bytes);
    }

    [Fact(Timeout = Hang)]
    public async Task A_blocking_read_gives_up_after_its_timeout_and_the_connection_lives_on()
    {
        Assert.True(Near.CanTimeout);
        Near.ReadTimeout = 1;
        AssertCode(SocketError.TimedOut, await FailsAsync(() => Task.Run(() => Near.ReadByte())));

        Near.ReadTimeout = Timeout.Infinite;
        await Far.WriteAsync("x"u8.ToArray());
        Assert.Equal('x', await Task.Run(() => Near.ReadByte()));
    }

    [Fact]
    public void A_timeout_is_positive_or_infinite()
    {
        Assert.Equal((Timeout.Infinite, Timeout.Infinite), (Near.ReadTimeout, Near.WriteTimeout));
        Assert.Throws<ArgumentOutOfRangeException>(() => Near.ReadTimeout = 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => Near.WriteTimeout = -2);
    }

    [Fact]
    public void After_disposal_timeouts_can_be_neither_got_nor_set()
    {
        Near.Dispose();

        Assert.Throws<ObjectDisposedException>(() => Near.ReadTimeout);
        Assert.Throws<ObjectDisposedException>(() => Near.WriteTimeout);
        Assert.Throws<ObjectDisposedException>(() => Near.ReadTimeout = 1);
        Assert.Throws<ObjectDisposedException>(() => Near.WriteTimeout = Timeout.Infinite);
        Assert.Throws<ArgumentOutOfRangeException>(() => Near.ReadTimeout = 0);
        Assert.True(Near.CanTimeout);
    }

    [Fact]
    public void There_is_no_seeking()
    {
        Assert.Throws<NotSupportedException>(() => Near.Length);
        Assert.Throws<NotSupportedException>(() => Near.Position);
        Assert.Throws<NotSupportedException>(() => Near.Position = 1);
        Assert.Throws<NotSupportedException>(() => Near.Seek(0, SeekOrigin.Begin));
        Assert.Throws<NotSupportedException>(() => Near.SetLength(1));
    }

    [Fact]
    public void Wrong_arguments_are_refused()
    {
        Assert.Throws<ArgumentNullException>(() => { Near.ReadExactly(null!, 0, 1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => Near.Read(new byte[1], 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Near.Write(new byte[1], -1, 1));
    }

    [Fact(Timeout = Hang)]
    public async Task A_copy_takes_all_up_to_the_end()
    {
        byte[] sent = RandomNumberGenerator.GetBytes(3_000_000);
        using var copy = new MemoryStream();
        Task copying = Near.CopyToAsync(copy);
        await Far.WriteAsync(sent);
        _far.ShutdownSend();
        await copying;

        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(copy.ToArray()));
        await Near.CopyToAsync(copy);
        Assert.Equal(sent.Length, copy.Length);
    }

    [Fact(Timeout = Hang)]
    public async Task A_copy_that_is_reset_fails()
    {
        Task copying = Near.CopyToAsync(Stream.Null);
        _far.Reset();

        AssertCode(SocketError.ConnectionReset, await FailsAsync(() => copying));
    }

    [Fact(Timeout = Hang)]
    public async Task Both_directions_run_at_once()
    {
        byte[] there = RandomNumberGenerator.GetBytes(2_000_000);
        byte[] back = RandomNumberGenerator.GetBytes(2_000_000);
        var fromNear = new byte[there.Length];
        var fromFar = new byte[back.Length];

        await Task.WhenAll(
            Near.WriteAsync(there).AsTask(), Far.WriteAsync(back).AsTask(),
            Far.ReadExactlyAsync(fromNear).AsTask(), Near.ReadExactlyAsync(fromFar).AsTask());

        Assert.Equal(there, fromNear);
        Assert.Equal(back, fromFar);
    }
}
