using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Each way to end a stack or a connection keeps what was written, or says that it did not.</summary>
[Collection(RealTime.Name)]
public sealed class EndTests
{
    private static readonly TimeSpan s_guard = StackPair.Guard;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposed_of_with_bytes_that_were_not_flushed_a_connection_sends_them(bool isFlushCancelled)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await client.Output.SendAsync("Content-Length: 4\r\n\r\n"u8.ToArray());
        "body"u8.CopyTo(client.Output.GetSpan(4));
        client.Output.Advance(4);
        if (isFlushCancelled)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => client.Output.FlushAsync(new CancellationToken(canceled: true)).AsTask());
        }

        await client.DisposeAsync();
        Assert.Equal("Content-Length: 4\r\n\r\nbody"u8.ToArray(), await server.Input.ReadToEndAsync());
        Assert.Equal(UserTcpCloseReason.Graceful, await server.InputClosed.WaitAsync(s_guard));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_abort_keeps_its_reason_although_disposal_follows_at_once(bool isInline)
    {
        await using StackPair pair = await StackPair.OpenAsync();
        PipeScheduler scheduler = isInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool;
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync(
            new UserTcpConnectionOptions { ApplicationScheduler = scheduler });
        var reason = new InvalidDataException("The peer speaks another protocol.");
        Task<ReadResult> read = client.Input.ReadAsync().AsTask();
        Task acknowledged = client.OutputAcknowledged;
        client.Abort(reason);
        await client.DisposeAsync();

        var thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read.WaitAsync(s_guard));
        Assert.Equal(
            (SocketError.ConnectionAborted, UserTcpCloseReason.ResetByLocal),
            (thrown.SocketErrorCode, thrown.CloseReason));
        Assert.Same(reason, thrown.InnerException);
        thrown = await Assert.ThrowsAsync<UserTcpConnectionException>(() => acknowledged.WaitAsync(s_guard));
        Assert.Same(reason, thrown.InnerException);
    }

    [Fact]
    public async Task A_shutdown_returns_at_once_and_what_it_sends_is_acknowledged_later()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        ValueTask<FlushResult> flush = client.Output.WriteAsync(PipeWords.Pattern(20_000_000));
        Assert.False(flush.IsCompleted);
        client.ShutdownOutput();
        client.ShutdownOutput();
        Assert.False(client.OutputAcknowledged.IsCompleted);

        Assert.Equal(20_000_000, (await server.Input.ReadToEndAsync()).Length);
        await client.OutputAcknowledged.WaitAsync(s_guard);
        await server.Output.SendAsync("still"u8.ToArray());
        Assert.Equal("still"u8.ToArray(), await client.Input.ReadExactlyAsync(5));
    }

    [Fact]
    public async Task An_abort_cuts_a_drain_short()
    {
        await using StackPair pair = await StackPair.OpenAsync(o => o.ShutdownTimeout = TimeSpan.FromMinutes(10));
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        ValueTask<FlushResult> flush = client.Output.WriteAsync(PipeWords.Pattern(20_000_000)); // nobody reads
        Assert.False(flush.IsCompleted);
        Task dispose = pair.Client.DisposeAsync().AsTask();
        Assert.Equal(UserTcpStackState.Stopping, pair.Client.State);
        await Task.Run(pair.Client.Abort).WaitAsync(s_guard);

        await dispose.WaitAsync(s_guard);
        Assert.Equal(UserTcpCloseReason.StackStopped, await client.Closed.WaitAsync(s_guard));
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task Completion_tells_of_the_end()
    {
        StackPair pair = await StackPair.OpenAsync();
        Task completion = pair.Client.Completion;
        Assert.False(completion.IsCompleted);
        await pair.DisposeAsync();
        await completion.WaitAsync(s_guard);
        Assert.Same(completion, pair.Client.Completion);
    }

    [Fact]
    public async Task Completion_fails_with_what_ended_the_stack_and_stays_so()
    {
        var failure = new LinkDownException("The cable was pulled.");
        BrokenLink? link = null;
        await using StackPair pair = await StackPair.OpenAsync(decorateClient: inner => link = new BrokenLink(inner));
        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();
        link!.Failure = failure;
        link.IsBroken = true;
        await client.Output.WriteAsync(new byte[10]);

        Exception thrown = await Assert.ThrowsAsync<LinkDownException>(
            () => pair.Client.Completion.WaitAsync(s_guard));
        Assert.Same(failure, thrown);
        Assert.Equal(UserTcpStackState.Faulted, pair.Client.State);
        await pair.Client.DisposeAsync();
        Assert.Equal(UserTcpStackState.Stopped, pair.Client.State);
        Assert.True(pair.Client.Completion.IsFaulted);
    }

    [Fact]
    public async Task Completion_of_a_stack_that_never_started_is_its_disposal()
    {
        (VirtualLink link, VirtualLink other) = VirtualLink.CreatePair();
        using VirtualLink _ = other;
        var stack = new UserTcpStack(StackPair.Options(link, StackPair.ClientAddress));
        Assert.False(stack.Completion.IsCompleted);
        stack.Dispose();
        Assert.True(stack.Completion.IsCompletedSuccessfully);
    }
}
