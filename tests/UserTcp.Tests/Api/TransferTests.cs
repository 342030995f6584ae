using System.Net.NetworkInformation;
using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using UserTcp.Links;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>Bytes between two stacks.</summary>
[Collection(RealTime.Name)]
public sealed class TransferTests
{
    private static readonly TimeSpan s_guard = StackPair.Guard;

    /// <summary>For what keeps a slow machine busy for a while.</summary>
    private static readonly TimeSpan s_longGuard = 5 * s_guard;

    [Fact]
    public void Every_state_has_the_name_that_the_platform_gives_it()
    {
        foreach (UserTcp.Tcp.TcpState state in Enum.GetValues<UserTcp.Tcp.TcpState>())
        {
            Assert.Equal(state.ToString(), UserTcpConnection.PlatformState(state).ToString());
        }
    }

    [Fact]
    public async Task What_is_said_is_echoed()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await using UserTcpConnection _1 = client;
        await using UserTcpConnection _2 = server;

        for (int i = 1; i <= 200; i++)
        {
            byte[] word = Encoding.ASCII.GetBytes($"word {i}");
            await client.Output.SendAsync(word);
            byte[] heard = await server.Input.ReadExactlyAsync(word.Length);
            await server.Output.SendAsync(heard);
            Assert.Equal(word, await client.Input.ReadExactlyAsync(word.Length));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_hundred_megabytes_arrive_unharmed_in_both_directions(bool hasOffloads)
    {
        const int Bytes = 100_000_000;
        var link = new VirtualLinkOptions();
        if (!hasOffloads)
            link.Features = LinkFeatures.PointToPoint;
        await using StackPair pair = await StackPair.OpenAsync(null, link);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await using UserTcpConnection _1 = client;
        await using UserTcpConnection _2 = server;

        Task<byte[]> sentUp = SendHashedAsync(client.Output, Bytes, 1);
        Task<byte[]> sentDown = SendHashedAsync(server.Output, Bytes, 2);
        Task<byte[]> gotUp = HashToEndAsync(server.Input, Bytes);
        Task<byte[]> gotDown = HashToEndAsync(client.Input, Bytes);

        Assert.Equal(await sentUp.WaitAsync(s_longGuard), await gotUp.WaitAsync(s_longGuard));
        Assert.Equal(await sentDown.WaitAsync(s_longGuard), await gotDown.WaitAsync(s_longGuard));
        Assert.Equal(UserTcpCloseReason.Graceful, await client.Closed.WaitAsync(s_guard));
        Assert.Equal(UserTcpCloseReason.Graceful, await server.Closed.WaitAsync(s_guard));
    }

    [Fact]
    public async Task Two_hundred_connections_live_side_by_side()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(7);
        Task serving = ServeEchoAsync(listener, 200);

        Task<bool>[] calls = [.. Enumerable.Range(0, 200).Select(i => CallEchoAsync(pair, i))];
        Assert.All(await Task.WhenAll(calls).WaitAsync(s_guard), Assert.True);
        await serving.WaitAsync(s_guard);

        Assert.Equal(200, listener.GetStatistics().Accepted);
        Assert.Equal(200, pair.Client.GetStatistics().ConnectionsInitiated);
        Assert.Equal(200, pair.Server.GetStatistics().ConnectionsAccepted);
    }

    [Fact]
    public async Task Half_closed_by_the_client_the_server_goes_on()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await HalfCloseAsync(client, server);
    }

    [Fact]
    public async Task Half_closed_by_the_server_the_client_goes_on()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        await HalfCloseAsync(server, client);
    }

    [Fact]
    public async Task A_reader_that_does_not_read_bounds_the_memory_of_both_sides()
    {
        const int Buffer = 64 << 10;
        var small = new UserTcpConnectionOptions { ReceiveBufferSize = Buffer, SendBufferSize = Buffer };
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(small, small);
        byte[] block = PipeWords.Pattern(16 << 10);

        int sent = 0;
        Task<FlushResult> flush;
        do
        {
            flush = client.Output.WriteAsync(block).AsTask();
            sent += block.Length;
        }
        while (sent < 16 * Buffer && await ResumesAsync(flush, client, Buffer / 2));

        Assert.False(flush.IsCompleted, "A flush must wait once both buffers are full.");
        Assert.InRange(sent, Buffer, 3 * Buffer);
        // Chunks are at most 64 KiB larger than what lies in them, at either end of a queue.
        Assert.InRange(pair.Client.GetStatistics().BytesBuffered, 1, Buffer + 4 * (64 << 10));
        Assert.InRange(pair.Server.GetStatistics().BytesBuffered, 1, Buffer + 4 * (64 << 10));
        Assert.InRange(server.GetInfo().BytesReceived, 1, Buffer);

        Task<byte[]> all = server.Input.ReadToEndAsync();
        await flush.WaitAsync(s_guard);
        await client.Output.CompleteAsync();
        Assert.Equal(sent, (await all.WaitAsync(s_guard)).Length);
    }

    [Fact]
    public async Task A_cancelled_read_loses_nothing()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        using var stop = new CancellationTokenSource();
        ValueTask<ReadResult> read = server.Input.ReadAsync(stop.Token);
        await stop.CancelAsync();
        var thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await read);
        Assert.Equal(stop.Token, thrown.CancellationToken);

        await client.Output.SendAsync("still here"u8.ToArray());
        Assert.Equal("still here"u8.ToArray(), await server.Input.ReadExactlyAsync(10));
    }

    [Fact]
    public async Task Urgent_data_is_announced_and_comes_in_line()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        var announced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.UrgentDataAnnounced += (_, _) => announced.TrySetResult();

        client.Output.Write("abc"u8);
        client.FlushUrgent();
        await client.Output.SendAsync("def"u8.ToArray());

        await announced.Task.WaitAsync(s_guard);
        Assert.Equal(3, server.UrgentBytesPending);
        Assert.Equal("abcdef"u8.ToArray(), await server.Input.ReadExactlyAsync(6));
        Assert.Equal(0, server.UrgentBytesPending);
    }

    [Fact]
    public async Task A_stack_connects_to_itself()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Client.ListenAsync(9);
        Task<UserTcpConnection> accept = listener.AcceptAsync().AsTask();
        UserTcpConnection client = await pair.Client.ConnectAsync(StackPair.ClientAddress, 9);
        UserTcpConnection server = await accept.WaitAsync(s_guard);

        byte[] bytes = PipeWords.Pattern(300_000);
        Task<byte[]> received = server.Input.ReadToEndAsync();
        await client.Output.SendAsync(bytes);
        await client.Output.CompleteAsync();
        Assert.Equal(bytes, await received.WaitAsync(s_guard));
    }

    // With bytes to send and none in flight, the peer's window is closed: nothing will move until it reads. Below half
    // of the buffer the flush is over all the same, and the pool may only not have said so yet.
    private static async Task<bool> ResumesAsync(Task<FlushResult> flush, UserTcpConnection sender, int resumesBelow)
    {
        using var guard = new CancellationTokenSource(s_guard);
        while (!flush.IsCompleted)
        {
            UserTcpConnectionInfo info = sender.GetInfo();
            bool isShut = info.BytesInFlight == 0 && info.PeerWindow < info.SendSegmentSize;
            if (isShut && info.BytesQueued >= resumesBelow)
                return false;

            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        return true;
    }

    private static async Task HalfCloseAsync(UserTcpConnection first, UserTcpConnection second)
    {
        await first.Output.SendAsync("question"u8.ToArray());
        first.ShutdownOutput();
        Assert.Equal("question"u8.ToArray(), await second.Input.ReadToEndAsync());
        await second.InputClosed.WaitAsync(s_guard);
        Assert.False(second.Closed.IsCompleted);

        await first.OutputAcknowledged.WaitAsync(s_guard);
        Assert.Equal(TcpState.FinWait2, first.State);
        Assert.Equal(TcpState.CloseWait, second.State);
        byte[] answer = PipeWords.Pattern(500_000);
        Task<byte[]> reading = first.Input.ReadToEndAsync();
        await second.Output.SendAsync(answer);
        await second.Output.CompleteAsync();
        Assert.Equal(answer, await reading);
        Assert.Equal(UserTcpCloseReason.Graceful, await first.Closed.WaitAsync(s_guard));
        Assert.Equal(UserTcpCloseReason.Graceful, await second.Closed.WaitAsync(s_guard));
    }

    private static async Task<byte[]> SendHashedAsync(PipeWriter writer, int bytes, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        byte[] block = new byte[100_000];
        random.NextBytes(block);
        for (int sent = 0; sent < bytes; sent += block.Length)
        {
            block[sent / block.Length % block.Length]++;
            hash.AppendData(block);
            await writer.WriteAsync(block);
        }

        await writer.CompleteAsync();
        return hash.GetHashAndReset();
    }

    private static async Task<byte[]> HashToEndAsync(PipeReader reader, long expected)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long count = 0;
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
            {
                hash.AppendData(piece.Span);
                count += piece.Length;
            }

            reader.AdvanceTo(result.Buffer.End);
            if (!result.IsCompleted)
                continue;

            Assert.Equal(expected, count);
            return hash.GetHashAndReset();
        }
    }

    private static async Task ServeEchoAsync(UserTcpListener listener, int count)
    {
        var served = new List<Task>();
        for (int i = 0; i < count; i++)
        {
            served.Add(EchoAsync(await listener.AcceptAsync()));
        }

        await Task.WhenAll(served);
    }

    private static async Task EchoAsync(UserTcpConnection connection)
    {
        await using UserTcpConnection _ = connection;
        byte[] all = await connection.Input.ReadToEndAsync();
        await connection.Output.SendAsync(all);
        await connection.CloseAsync().AsTask().WaitAsync(s_guard);
    }

    private static async Task<bool> CallEchoAsync(StackPair pair, int index)
    {
        await using UserTcpConnection connection = await pair.Client.ConnectAsync(StackPair.ServerAddress, 7);
        byte[] bytes = PipeWords.Pattern(1000 + index * 17);
        await connection.Output.SendAsync(bytes);
        await connection.Output.CompleteAsync();
        byte[] back = await connection.Input.ReadToEndAsync();
        return back.AsSpan().SequenceEqual(bytes);
    }
}
