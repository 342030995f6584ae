using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using UserTcp.Links;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Stress;

/// <summary>Real threads in each other's way. The guard is there to fail only; nothing waits for time.</summary>
[Collection(RealTime.Name)]
public sealed class RaceTests
{
    /// <summary>No timer of a connection helps where a wake-up was lost.</summary>
    private static readonly UserTcpConnectionOptions s_timeless = new()
    {
        InitialRetransmitTimeout = TimeSpan.FromMinutes(1),
        MinRetransmitTimeout = TimeSpan.FromMinutes(1),
    };

    private static readonly TimeSpan s_beforeAnyTimer = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 0)]
    [InlineData(false, 50)]
    public async Task Thousands_of_ping_pongs_need_no_timer(bool isInline, int spinMicroseconds)
    {
        await using StackPair pair = await StackPair.OpenAsync(o =>
        {
            o.SpinTime = TimeSpan.FromMicroseconds(spinMicroseconds);
            if (isInline)
                o.ApplicationScheduler = PipeScheduler.Inline;
        });
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(s_timeless, s_timeless);
        Task echo = EchoAsync(server);
        await Task.Run(async () =>
        {
            for (int i = 0; i < 4_000; i++)
            {
                await client.Output.WriteAsync(new[] { (byte)i });
                ReadResult result = await client.Input.ReadAsync().AsTask().WaitAsync(s_beforeAnyTimer);
                Assert.Equal((byte)i, result.Buffer.FirstSpan[0]);
                client.Input.AdvanceTo(result.Buffer.End);
            }
        });
        await client.Output.CompleteAsync();
        await echo.WaitAsync(StackPair.Guard);
    }

    [Fact]
    public async Task A_link_with_hardly_any_room_never_stalls()
    {
        var link = new VirtualLinkOptions { QueueFrames = 2, QueueBytes = 128 << 10 };
        await using StackPair pair = await StackPair.OpenAsync(o => o.SpinTime = TimeSpan.Zero, link);
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync(s_timeless, s_timeless);
        const int bytes = 4_000_000;
        Task[] all =
        [
            WriteAllAsync(client, 1, bytes), WriteAllAsync(server, 2, bytes),
            ReadAllAsync(client, 2, bytes), ReadAllAsync(server, 1, bytes),
        ];
        await Task.WhenAll(all).WaitAsync(s_beforeAnyTimer);
    }

    [Fact]
    public async Task Sixty_four_threads_on_sixty_four_connections_get_their_own_bytes()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        Task accepting = AcceptAllAsync(listener, EchoAsync);
        var failures = new List<Exception>();
        Thread[] threads = [.. Enumerable.Range(0, 64).Select(owner => new Thread(() => Run(owner)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            Assert.True(thread.Join(StackPair.Guard), "A thread hangs.");
        }

        Assert.Empty(failures);
        await listener.DisposeAsync();
        await accepting.WaitAsync(StackPair.Guard);

        void Run(int owner)
        {
            try
            {
                EchoBlocking(pair, owner);
            }
            catch (Exception e)
            {
                lock (failures)
                    failures.Add(e);
            }
        }
    }

    [Fact]
    public async Task Thousands_of_short_connections_leave_nothing_behind()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        Task accepting = AcceptAllAsync(listener, async connection =>
        {
            await EchoAsync(connection);
            await connection.Closed; // what it sent is acknowledged then, and its memory given back
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            for (int i = 0; i < 250; i++)
            {
                UserTcpConnection connection = await pair.Client.ConnectAsync(StackPair.ServerAddress, 80);
                await Patterned.WriteAsync(connection.Output, worker + i, 100, 100);
                connection.ShutdownOutput();
                Assert.Equal(100, await Patterned.ReadAsync(connection.Input, worker + i));
                await connection.CloseAsync();
                await connection.DisposeAsync();
            }
        }))).WaitAsync(StackPair.Guard);
        await listener.DisposeAsync();
        await accepting.WaitAsync(StackPair.Guard);
        UserTcpStackStatistics client = pair.Client.GetStatistics(), server = pair.Server.GetStatistics();
        Assert.Equal((2_000L, 2_000L), (client.ConnectionsInitiated, server.ConnectionsAccepted));
        Assert.Equal((0L, 0L), (client.BytesBuffered, server.BytesBuffered));
        Assert.Equal((0L, 0L), (client.ResetConnections, server.ResetConnections));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Connections_that_are_ended_at_random_harm_no_other(int seed)
    {
        await using StackPair pair = await StackPair.OpenAsync(
            o => o.ApplicationScheduler = seed == 2 ? PipeScheduler.Inline : PipeScheduler.ThreadPool);
        (UserTcpConnection goodClient, UserTcpConnection goodServer) = await pair.ConnectAsync();
        const int bytes = 3_000_000;
        Task good = Task.WhenAll(WriteAllAsync(goodClient, 77, bytes), ReadAllAsync(goodServer, 77, bytes));
        var random = new Random(seed);
        int[] seeds = [.. Enumerable.Range(0, 32).Select(_ => random.Next())];
        await Parallel.ForEachAsync(
            seeds, new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (s, _) => await EndAtRandomAsync(pair, s));
        await good.WaitAsync(StackPair.Guard);
        await goodClient.DisposeAsync();
        await goodServer.DisposeAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_stack_that_is_disposed_of_while_all_transfer_ends_every_wait(int seed)
    {
        StackPair pair = await StackPair.OpenAsync(o => o.ShutdownTimeout = TimeSpan.FromMilliseconds(20));
        var random = new Random(seed);
        var tasks = new List<Task>();
        for (int i = 0; i < 8; i++)
        {
            (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
            tasks.Add(Patterned.WriteAsync(client.Output, i, long.MaxValue, 30_000));
            tasks.Add(Patterned.WriteAsync(server.Output, -i, long.MaxValue, 3_000));
            tasks.Add(Patterned.ReadAsync(client.Input, -i));
            tasks.Add(Patterned.ReadAsync(server.Input, i));
        }

        UserTcpListener listener = await pair.Client.ListenAsync(99);
        tasks.Add(listener.AcceptAsync().AsTask());
        tasks.Add(pair.Client.ConnectAsync(IPAddress.Parse("10.0.0.77"), 9).AsTask());
        Task[] ends = [.. Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            Thread.SpinWait(random.Next(1_000_000));
            if ((seed + i) % 3 == 0)
                pair.Client.Abort();
            else if ((seed + i) % 3 == 1)
                pair.Client.Dispose();
            else
                await pair.Client.DisposeAsync();
        }))];
        await Task.WhenAll(ends).WaitAsync(StackPair.Guard);
        await pair.Server.DisposeAsync().AsTask().WaitAsync(StackPair.Guard);
        foreach (Task task in tasks)
        {
            await Patterned.IgnoreEnd(task).WaitAsync(StackPair.Guard);
        }

        Assert.Empty(pair.Client.GetConnections());
    }

    private static async Task EndAtRandomAsync(StackPair pair, int seed)
    {
        var random = new Random(seed);
        int owner = seed & 0xffff;
        (UserTcpConnection client, UserTcpConnection server) = await pair.ConnectAsync();
        Task[] work =
        [
            Patterned.WriteAsync(client.Output, owner, 1_000_000, 1 + random.Next(60_000)),
            Patterned.WriteAsync(server.Output, owner + 1, 1_000_000, 1 + random.Next(60_000)),
            Patterned.ReadAsync(client.Input, owner + 1),
            Patterned.ReadAsync(server.Input, owner),
        ];
        int[] choices = [random.Next(6), random.Next(6)];
        int[] delays = [random.Next(500_000), random.Next(500_000)];
        Task[] ends =
        [
            Task.Run(() => EndAsync(client, choices[0], delays[0])),
            Task.Run(() => EndAsync(server, choices[1], delays[1])),
        ];
        foreach (Task task in ends.Concat(work))
        {
            await Patterned.IgnoreEnd(task).WaitAsync(StackPair.Guard);
        }

        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    private static async Task EndAsync(UserTcpConnection connection, int choice, int delay)
    {
        Thread.SpinWait(delay);
        switch (choice)
        {
            case 0:
                connection.Abort(new InvalidOperationException("Enough."));
                break;
            case 1:
                await connection.DisposeAsync();
                break;
            case 2:
                using (var source = new CancellationTokenSource())
                {
                    Task close = connection.CloseAsync(source.Token).AsTask();
                    Thread.SpinWait(delay);
                    await source.CancelAsync();
                    await close;
                }

                break;
            case 3:
                connection.Input.CancelPendingRead();
                connection.Output.CancelPendingFlush();
                connection.Abort();
                break;
            case 4:
                Task both = Task.Run(() => connection.Abort());
                await connection.DisposeAsync();
                await both;
                break;
            default:
                connection.ShutdownOutput();
                await connection.DisposeAsync();
                break;
        }
    }

    private static void EchoBlocking(StackPair pair, int owner)
    {
        const int length = 60_000;
        UserTcpConnection connection = pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask().Result;
        using Stream stream = connection.AsStream();
        var mine = new byte[length];
        Patterned.Fill(mine, owner, 0, length);
        stream.Write(mine, 0, length / 2);
        stream.Write(mine, length / 2, length / 2);
        var echoed = new byte[length];
        stream.ReadExactly(echoed);
        Assert.Equal(mine, echoed);
    }

    private static async Task EchoAsync(UserTcpConnection connection)
    {
        while (true)
        {
            ReadResult result = await connection.Input.ReadAsync();
            foreach (ReadOnlyMemory<byte> piece in result.Buffer)
            {
                connection.Output.Write(piece.Span);
            }

            connection.Input.AdvanceTo(result.Buffer.End);
            await connection.Output.FlushAsync();
            if (result.IsCompleted)
                break;
        }

        await connection.DisposeAsync();
    }

    private static async Task AcceptAllAsync(UserTcpListener listener, Func<UserTcpConnection, Task> serve)
    {
        var served = new List<Task>();
        await foreach (UserTcpConnection connection in listener.AcceptAllAsync())
        {
            served.Add(Task.Run(() => serve(connection)));
        }

        await Task.WhenAll(served);
    }

    private static async Task WriteAllAsync(UserTcpConnection connection, int owner, int bytes)
    {
        await Task.Run(() => Patterned.WriteAsync(connection.Output, owner, bytes, 50_000));
        connection.ShutdownOutput();
    }

    private static async Task ReadAllAsync(UserTcpConnection connection, int owner, int bytes) =>
        Assert.Equal(bytes, await Task.Run(() => Patterned.ReadAsync(connection.Input, owner)));
}
