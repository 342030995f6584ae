using System.IO.Pipelines;
using System.Net;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Runtime;

/// <summary>The door: fair, and open when user code runs.</summary>
[Collection(RealTime.Name)]
public sealed class DoorTests
{
    [Fact]
    public async Task Whoever_keeps_coming_back_does_not_starve_the_others()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        using var stop = new CancellationTokenSource();
        Thread[] hogs = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() => Hog(pair.Client, stop.Token)))];
        foreach (Thread hog in hogs)
        {
            hog.Start();
        }

        await Task.Run(() => Count(pair.Client, 300)).WaitAsync(StackPair.Guard);
        await stop.CancelAsync();
        foreach (Thread hog in hogs)
        {
            hog.Join();
        }
    }

    [Fact]
    public async Task Inline_completions_run_on_the_loop_and_may_use_the_connection()
    {
        await using StackPair pair = await StackPair.OpenAsync(o => o.ApplicationScheduler = PipeScheduler.Inline);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task<string?> thread = EchoOnceAsync(server);
        bool isWaiting = !thread.IsCompleted;
        await client.Output.SendAsync("inline"u8.ToArray());
        Assert.Equal("inline"u8.ToArray(), await client.Input.ReadExactlyAsync(6));
        // A read that found its bytes at once went on where it was; one that waited was woken by the server's loop.
        bool wasWoken = await thread.WaitAsync(StackPair.Guard) == $"UserTcp {pair.Server.Link.Info.Name}";
        Assert.Equal(isWaiting, wasWoken);
    }

    [Fact]
    public async Task A_connection_may_have_another_scheduler_than_its_stack()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpConnectionOptions inline = pair.Server.CreateConnectionOptions();
        inline.ApplicationScheduler = PipeScheduler.Inline;
        await using UserTcpListener listener = await pair.Server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new(IPAddress.Any, 80), ConnectionOptions = inline });
        await using UserTcpConnection client = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
        await using UserTcpConnection server = await listener.AcceptAsync();
        Task<string?> thread = EchoOnceAsync(server);
        bool isWaiting = !thread.IsCompleted;
        await client.Output.SendAsync("inline"u8.ToArray());
        Assert.Equal("inline"u8.ToArray(), await client.Input.ReadExactlyAsync(6));

        Assert.True(isWaiting);
        Assert.Equal($"UserTcp {pair.Server.Link.Info.Name}", await thread.WaitAsync(StackPair.Guard));
        Assert.Null(pair.Server.CreateConnectionOptions().ApplicationScheduler); // what was changed was a copy
    }

    [Fact]
    public async Task By_default_completions_never_run_on_the_loop()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        for (int i = 0; i < 50; i++)
        {
            Task<string?> thread = EchoOnceAsync(server);
            await client.Output.SendAsync("pooled"u8.ToArray());
            Assert.Equal("pooled"u8.ToArray(), await client.Input.ReadExactlyAsync(6));
            Assert.False((await thread.WaitAsync(StackPair.Guard))?.StartsWith("UserTcp", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_scheduler_that_throws_on_the_loop_ends_the_stack_and_not_the_process()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        UserTcpConnectionOptions broken = pair.Server.CreateConnectionOptions();
        broken.ApplicationScheduler = new BrokenScheduler();
        await using UserTcpListener listener = await pair.Server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new(IPAddress.Any, 80), ConnectionOptions = broken });
        UserTcpConnection[] clients = [await ConnectAsync(), await ConnectAsync()];
        UserTcpConnection[] servers = [await listener.AcceptAsync(), await listener.AcceptAsync()];
        Task[] reads = [.. servers.Select(server => server.Input.ReadAsync().AsTask())];
        await clients[0].Output.SendAsync("?"u8.ToArray());

        foreach (UserTcpConnection server in servers)
        {
            Assert.Equal(UserTcpCloseReason.StackStopped, await server.Closed.WaitAsync(StackPair.Guard));
        }

        Assert.Equal(UserTcpStackState.Faulted, pair.Server.State);
        Assert.All(reads, read => Assert.False(read.IsCompleted));
        Array.ForEach(clients, client => client.Abort()); // or they would wait for the stack that is gone

        Task<UserTcpConnection> ConnectAsync() => pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask();
    }

    private static async Task<string?> EchoOnceAsync(UserTcpConnection connection)
    {
        ReadResult result = await connection.Input.ReadAsync().ConfigureAwait(false);
        string? thread = Thread.CurrentThread.Name ?? "";
        byte[] bytes = System.Buffers.BuffersExtensions.ToArray(result.Buffer);
        connection.Input.AdvanceTo(result.Buffer.End);
        await connection.Output.WriteAsync(bytes).ConfigureAwait(false);
        return thread;
    }

    private static void Hog(UserTcpStack stack, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            stack.GetConnections();
        }
    }

    private static void Count(UserTcpStack stack, int visits)
    {
        for (int i = 0; i < visits; i++)
        {
            stack.GetStatistics();
        }
    }

    private sealed class BrokenScheduler : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state) =>
            throw new InvalidOperationException("This scheduler takes nothing.");
    }
}
