using System.Net.Sockets;
using System.Text;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api.Parity;

/// <summary>
/// What every stream over TCP does, whoever carries it. Each test runs over the kernel's sockets, which say what is
/// right, and over ours.
/// </summary>
/// <remarks>
/// A reset travels: where its arrival matters, a test first waits with an empty read for what came before.
/// </remarks>
public abstract partial class StreamParity(ParityNetwork network) : IAsyncLifetime
{
    private const int Hang = 300_000;

    private ParityEnd _near = null!;
    private ParityEnd _far = null!;

    private Stream Near => _near.Stream;

    private Stream Far => _far.Stream;

    public async ValueTask InitializeAsync() => (_near, _far) = await network.ConnectAsync();

    public async ValueTask DisposeAsync()
    {
        await Near.DisposeAsync();
        await Far.DisposeAsync();
        await network.DisposeAsync();
    }

    [Fact(Timeout = Hang)]
    public async Task A_reset_is_reported_once_then_there_is_nothing_to_read_and_no_way_to_write()
    {
        ValueTask<int> pending = Near.ReadAsync(new byte[1]);
        _far.Reset();

        AssertCode(SocketError.ConnectionReset, await FailsAsync(async () => await pending));
        Assert.Equal(0, await Near.ReadAsync(new byte[1]));
        AssertCode(SocketError.Shutdown, await FailsAsync(async () => await Near.WriteAsync(new byte[1])));
    }

    [Fact(Timeout = Hang)]
    public async Task What_came_before_a_reset_is_read_first()
    {
        await Far.WriteAsync("hello"u8.ToArray());
        Assert.Equal(0, await Near.ReadAsync(Memory<byte>.Empty));
        _far.Reset();

        Assert.Equal("hello", await ReadAsync(Near, 10));
        AssertCode(SocketError.ConnectionReset, await FailsAsync(() => ReadAsync(Near, 10)));
        Assert.Equal("", await ReadAsync(Near, 10));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_fails_a_pending_read_promptly()
    {
        ValueTask<int> pending = Near.ReadAsync(new byte[1]);
        _near.Close();

        AssertCode(SocketError.OperationAborted, await FailsAsync(async () => await pending));
        Near.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => ReadAsync(Near, 1));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await Near.WriteAsync(new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => Near.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => Near.WriteByte(1));
        Assert.Equal((false, false, false), (Near.CanRead, Near.CanWrite, Near.CanSeek));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_fails_a_pending_write_promptly()
    {
        Task pending = FillAsync(CancellationToken.None);
        _near.Close();

        AssertCode(SocketError.OperationAborted, await FailsAsync(() => pending));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_during_a_write_never_looks_like_an_orderly_end()
    {
        Task pending = FillAsync(CancellationToken.None);
        Assert.Equal(0, await Far.ReadAsync(Memory<byte>.Empty));
        _near.Close();

        AssertCode(SocketError.OperationAborted, await FailsAsync(() => pending));
        AssertCode(SocketError.ConnectionReset, await FailsAsync(() => ReadToEndAsync(Far)));
    }

    [Fact(Timeout = Hang)]
    public async Task Disposal_is_idempotent_and_the_peer_reads_the_end()
    {
        await Near.WriteAsync("last"u8.ToArray());
        Near.Dispose();
        await Near.DisposeAsync();
        Near.Close();

        Assert.Equal("last", await ReadToEndAsync(Far));
    }

    [Fact(Timeout = Hang)]
    public async Task A_cancelled_read_carries_its_token_and_leaves_the_connection_usable()
    {
        using var source = new CancellationTokenSource();
        ValueTask<int> pending = Near.ReadAsync(new byte[1], source.Token);
        await source.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        await Far.WriteAsync("on"u8.ToArray());
        Assert.Equal("on", await ReadAsync(Near, 10));
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_that_is_cancelled_already_takes_no_bytes()
    {
        await Far.WriteAsync("kept"u8.ToArray());
        Assert.Equal(0, await Near.ReadAsync(Memory<byte>.Empty));
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => ReadAsync(Near, 1, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await Near.WriteAsync(new byte[1], cancelled));
        Assert.Equal("kept", await ReadAsync(Near, 10));
        await Near.WriteAsync("x"u8.ToArray());
        Assert.Equal("x", await ReadAsync(Far, 10));
    }

    [Fact(Timeout = Hang)]
    public async Task A_cancelled_write_carries_its_token_and_the_other_direction_goes_on()
    {
        using var source = new CancellationTokenSource();
        Task pending = FillAsync(source.Token);
        await source.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        Assert.Equal(source.Token, error.CancellationToken);
        await Far.WriteAsync("on"u8.ToArray());
        Assert.Equal("on", await ReadAsync(Near, 10));
    }

    [Fact(Timeout = Hang)]
    public async Task After_its_own_FIN_a_write_says_shutdown_and_reading_goes_on()
    {
        await Near.WriteAsync("question"u8.ToArray());
        _near.ShutdownSend();

        Assert.Equal("question", await ReadToEndAsync(Far));
        AssertCode(SocketError.Shutdown, await FailsAsync(async () => await Near.WriteAsync(new byte[1])));
        await Far.WriteAsync("answer"u8.ToArray());
        _far.ShutdownSend();
        Assert.Equal("answer", await ReadToEndAsync(Near));
    }

    [Fact(Timeout = Hang)]
    public async Task After_the_peer_closed_the_first_write_goes_and_a_later_one_says_shutdown()
    {
        Far.Dispose();
        Assert.Equal(0, await Near.ReadAsync(new byte[1]));

        await Near.WriteAsync(new byte[1]);
        AssertCode(SocketError.Shutdown, await FailsAsync(WriteUntilItFailsAsync));
        Assert.Equal(0, await Near.ReadAsync(new byte[1]));
    }

    [Fact(Timeout = Hang)]
    public async Task A_peer_that_closes_with_bytes_unread_resets()
    {
        await Near.WriteAsync("unread"u8.ToArray());
        Assert.Equal(0, await Far.ReadAsync(Memory<byte>.Empty));
        _far.Close();

        AssertCode(SocketError.ConnectionReset, await FailsAsync(() => ReadAsync(Near, 1)));
    }

    [Fact(Timeout = Hang)]
    public async Task Nobody_listening_is_refused()
    {
        var error = await Assert.ThrowsAsync<SocketException>(network.ConnectToNobodyAsync);

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    [Fact(Timeout = Hang)]
    public async Task A_listener_that_goes_aborts_what_waits_for_it()
    {
        var error = await Assert.ThrowsAsync<SocketException>(network.AcceptWhileTheListenerGoesAsync);

        Assert.Equal(SocketError.OperationAborted, error.SocketErrorCode);
    }

    private static async Task<IOException> FailsAsync(Func<Task> action) =>
        await Assert.ThrowsAnyAsync<IOException>(action);

    private static void AssertCode(SocketError code, IOException error) =>
        Assert.Equal(code, Assert.IsAssignableFrom<SocketException>(error.InnerException).SocketErrorCode);

    private static async Task<string> ReadAsync(
        Stream stream, int length, CancellationToken cancellationToken = default)
    {
        var bytes = new byte[length];
        return Encoding.ASCII.GetString(bytes, 0, await stream.ReadAsync(bytes, cancellationToken));
    }

    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync();
    }

    // The peer answers the first write with a reset, which takes its time.
    private async Task WriteUntilItFailsAsync()
    {
        while (true)
        {
            await Near.WriteAsync(new byte[1]);
            await Task.Yield();
        }
    }

    // A write that the peer never reads: it waits, and goes on waiting.
    private async Task FillAsync(CancellationToken cancellationToken)
    {
        var bytes = new byte[64 << 20];
        await Near.WriteAsync(bytes, cancellationToken);
    }
}

/// <summary>What is right.</summary>
[Collection(RealTime.Name)]
public sealed class KernelStreamTests() : StreamParity(new KernelNetwork());

/// <summary>Ours.</summary>
[Collection(RealTime.Name)]
public sealed class UserTcpParityTests() : StreamParity(new UserTcpNetwork());
