using System.Net.Sockets;
using System.Security.Cryptography;
using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>Whole stacks, and asynchronous code in virtual time.</summary>
public sealed class StackTests
{
    private static readonly string s_text = new('x', 100_000);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void The_same_seed_gives_the_same_bytes_at_the_same_times(int shards)
    {
        Assert.Equal(Trace(seed: 3, shards), Trace(seed: 3, shards));
        Assert.NotEqual(Trace(seed: 3, shards), Trace(seed: 4, shards));
    }

    /// <summary>Each connection goes to the shard of its flow, whatever the time.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void Shards_share_the_connections(int shards)
    {
        using var network = new SimulatedNetwork();
        (SimulatedHost server, SimulatedHost client) = Pair(network, shards);
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            _ = Echo.ServeAsync(listener);
            await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
                Assert.Equal(s_text, await Echo.AskAsync(client.Stack, server.Address, s_text))));
        });
        UserTcpStackStatistics statistics = server.Stack.GetStatistics();
        Assert.Equal(20, statistics.ConnectionsAccepted);
        Assert.InRange(statistics.FramesHandedOver, 0, statistics.FramesReceived - 1); // as its card steers
        Assert.All(server.Stack.Running!.Shards, shard => Assert.NotEqual(
            0, shard.Look((core, _) => core.Counters.ConnectionsAccepted)));
    }

    [Fact]
    public void Waits_take_virtual_time()
    {
        using var network = new SimulatedNetwork();
        DateTimeOffset start = network.TimeProvider.GetUtcNow();
        network.Run(async () =>
        {
            await Task.Delay(TimeSpan.FromHours(10), network.TimeProvider);
            using var timeout = new CancellationTokenSource(TimeSpan.FromHours(1), network.TimeProvider);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => Task.Delay(Timeout.InfiniteTimeSpan, network.TimeProvider, timeout.Token));
        });
        Assert.Equal(TimeSpan.FromHours(11), network.Now);
        Assert.Equal(TimeSpan.FromHours(11), network.TimeProvider.GetUtcNow() - start);
    }

    [Fact]
    public void A_periodic_timer_ticks_in_virtual_time()
    {
        using var network = new SimulatedNetwork();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1), network.TimeProvider);
        network.Run(async () =>
        {
            for (int i = 0; i < 5; i++)
            {
                Assert.True(await timer.WaitForNextTickAsync());
            }
        });
        Assert.Equal(TimeSpan.FromSeconds(5), network.Now);
    }

    [Fact]
    public void Connecting_into_a_cut_ends_when_its_time_is_over()
    {
        using var network = new SimulatedNetwork();
        SimulatedHost server = network.AddHost("server");
        SimulatedHost client = network.AddHost("client");
        network.Run(() => Echo.AskAsync(client.Stack, server.Address, "x").WaitAsync(TimeSpan.Zero)
            .ContinueWith(_ => { }, TaskScheduler.FromCurrentSynchronizationContext()));
        client.Link.Outgoing.Add(new Cut());
        TimeSpan start = network.Now;
        network.Run(async () =>
        {
            var options = new UserTcpConnectionOptions { ConnectTimeout = TimeSpan.FromSeconds(2) };
            var error = await Assert.ThrowsAsync<SocketException>(() => client.Stack
                .ConnectAsync(new System.Net.IPEndPoint(server.Address, 7), options).AsTask());
            Assert.Equal(SocketError.TimedOut, error.SocketErrorCode);
        });
        Assert.Equal(TimeSpan.FromSeconds(2), network.Now - start);
    }

    [Fact]
    public void What_the_application_cancels_ends_on_its_own_thread()
    {
        using var network = new SimulatedNetwork();
        SimulatedHost server = network.AddHost("server");
        int thread = Environment.CurrentManagedThreadId;
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            using var cancellation = new CancellationTokenSource();
            Task<UserTcpConnection> accept = listener.AcceptAsync(cancellation.Token).AsTask();
            await Task.Delay(TimeSpan.FromSeconds(1), network.TimeProvider);
            cancellation.Cancel();
            Assert.False(accept.IsCompleted, "Nothing of it runs inside the caller's code.");
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept);
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
        });
    }

    [Fact]
    public void A_clock_that_jumps_makes_timers_late_and_nothing_else()
    {
        using var network = new SimulatedNetwork();
        (SimulatedHost server, SimulatedHost client) = Pair(network);
        network.Schedule(TimeSpan.FromMilliseconds(130), () => client.JumpClock(TimeSpan.FromDays(3)));
        Transfer(network, server, client);
        Assert.True(network.Now < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void A_stall_says_who_waits()
    {
        using var network = new SimulatedNetwork();
        (SimulatedHost server, SimulatedHost client) = Pair(network);
        var error = Assert.Throws<SimulationStalledException>(() => network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            await using UserTcpConnection connection = await client.Stack.ConnectAsync(server.Address, 7);
            await using UserTcpConnection accepted = await listener.AcceptAsync();
            await connection.Output.WriteAsync(new byte[10]);
            await connection.Input.ReadAsync();
        }));
        Assert.Contains("server: 10.0.0.1:7 - 10.0.0.2:", error.Message, StringComparison.Ordinal);
        Assert.Contains("Established, 10 bytes not read", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_limit_of_time_is_kept()
    {
        using var network = new SimulatedNetwork();
        Assert.Throws<SimulationStalledException>(() => network.Run(
            () => Task.Delay(TimeSpan.FromSeconds(2), network.TimeProvider), limit: TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void What_the_code_throws_comes_out()
    {
        using var network = new SimulatedNetwork();
        Assert.Throws<FormatException>(() => network.Run(async () =>
        {
            await Task.Delay(TimeSpan.FromSeconds(1), network.TimeProvider);
            throw new FormatException();
        }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Draining_takes_virtual_time(int shards)
    {
        using var network = new SimulatedNetwork();
        (SimulatedHost server, SimulatedHost client) = Pair(network, shards);
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            await using UserTcpConnection connection = await client.Stack.ConnectAsync(server.Address, 7);
            await using UserTcpConnection accepted = await listener.AcceptAsync();
            await connection.Output.WriteAsync(new byte[50_000]);
            await client.Stack.DisposeAsync();
            Assert.Equal(UserTcpStackState.Stopped, client.Stack.State);
        });
        Assert.InRange(network.Now, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(6));
    }

    internal static (SimulatedHost Server, SimulatedHost Client) Pair(SimulatedNetwork network, int shards = 1) =>
    (
        network.AddHost("server", configure: options => options.Shards = shards),
        network.AddHost(
            "client", new() { Delay = TimeSpan.FromMilliseconds(20) }, options => options.Shards = shards));

    internal static void Transfer(SimulatedNetwork network, SimulatedHost server, SimulatedHost client) =>
        network.Run(async () =>
        {
            await using UserTcpListener listener = await server.Stack.ListenAsync(7);
            _ = Echo.ServeAsync(listener);
            Assert.Equal(s_text, await Echo.AskAsync(client.Stack, server.Address, s_text));
        });

    private static string Trace(ulong seed, int shards)
    {
        using var file = new MemoryStream();
        using (var network = new SimulatedNetwork(seed))
        {
            (SimulatedHost server, SimulatedHost client) = Pair(network, shards);
            client.Link.CaptureTo(file);
            client.Link.Add(new RandomLoss(0.05));
            client.Link.Add(new Jitter(TimeSpan.Zero, TimeSpan.FromMilliseconds(5), keepsOrder: false));
            Transfer(network, server, client);
        }

        return Convert.ToHexString(SHA256.HashData(file.ToArray()));
    }
}
