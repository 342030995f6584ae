using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Tests.Stack;

/// <summary>Buffers grow with what a connection carries, and give way when the stack's memory runs out.</summary>
public sealed class BufferTuningTests
{
    private const int Untuned = 64 << 10;

    private static (TransferApp Client, TransferApp Server) Start(
        TestNetwork network, TestHost client, TestHost server, long up, TcpConfig? config = null, long readLimit = -1)
    {
        TransferApp? accepted = null;
        TransferApp Accept() => accepted =
            new TransferApp(0, 2, 1) { ReadLimit = readLimit < 0 ? long.MaxValue : readLimit };
        server.Listen(80, Accept, config: config);
        TransferApp app = client.Connect(new TransferApp(up, 1, 2), server, 80, config: config);
        network.RunUntil(() => accepted is not null);
        return (app, accepted!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Slow_start_on_a_long_path_is_held_up_by_no_buffer(bool timestamps)
    {
        const long Bytes = 20_000_000;
        var config = new TcpConfig { SendBufferBytes = 32 << 20, Timestamps = timestamps, Pacing = false };
        using var network = new TestNetwork { Delay = TimeSpan.FromMilliseconds(50) };
        TestHost client = network.Add(1), server = network.Add(2);
        (TransferApp app, TransferApp peer) = Start(network, client, server, Bytes, config);
        Instant start = network.Now;
        network.RunUntil(() => peer.BytesRead == Bytes, seconds: 60);

        // Ten segments, doubled ten times: eleven round trips of 100 ms, the last of them for half the way.
        Assert.InRange((network.Now - start).TotalMilliseconds, 1000, 1200);
        Assert.Equal(8 << 20, peer.Connection!.Receive.Capacity);
        Assert.True(app.Connection!.Send.Limit >= 16 << 20);
    }

    [Fact]
    public void A_buffer_whose_reader_does_not_read_stays_small_and_its_promise_is_kept()
    {
        using var network = new TestNetwork();
        TestHost client = network.Add(1), server = network.Add(2);
        (TransferApp app, TransferApp peer) = Start(network, client, server, 1_000_000, readLimit: 0);
        network.RunFor(30);
        Assert.Equal(Untuned, peer.Connection!.Receive.Capacity);
        Assert.InRange(peer.Connection.Receive.Unconsumed, Untuned - 1460, Untuned * 9 / 8); // by the unit of the scale
        Assert.InRange(app.Connection!.Send.Unacknowledged, 1, 5 * Untuned); // four windows, and a chunk
        peer.ReadLimit = long.MaxValue;
        peer.Read();
        network.RunUntil(() => peer.BytesRead == 1_000_000, seconds: 10);
    }

    [Fact]
    public void Without_tuning_the_buffers_have_their_sizes_from_the_start()
    {
        var config = new TcpConfig { AutoTuneBuffers = false };
        using var network = new TestNetwork();
        TestHost client = network.Add(1), server = network.Add(2);
        (TransferApp app, TransferApp peer) = Start(network, client, server, 0, config);
        Assert.Equal((8 << 20, 4 << 20), (peer.Connection!.Receive.Capacity, peer.Connection.Send.Limit));
        Assert.Equal((8 << 20, 4 << 20), (app.Connection!.Receive.Capacity, app.Connection.Send.Limit));
    }

    [Fact]
    public void A_window_without_scale_grows_no_further_than_its_field()
    {
        var config = new TcpConfig { WindowScaling = false };
        using var network = new TestNetwork { Delay = TimeSpan.FromMilliseconds(20) };
        TestHost client = network.Add(1), server = network.Add(2);
        (_, TransferApp peer) = Start(network, client, server, 2_000_000, config);
        network.RunUntil(() => peer.BytesRead == 2_000_000, seconds: 60);
        Assert.Equal(Untuned, peer.Connection!.Receive.Capacity);
    }

    /// <summary>
    /// More connections than the memory can serve, both ways, over a bad wire: all of them end well, and the stacks use
    /// little more than what they may.
    /// </summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0.02)]
    [InlineData(3, 0.05)]
    public void Many_connections_under_a_tight_budget_stay_alive(int seed, double loss)
    {
        const int Count = 100;
        const long Bytes = 150_000;
        const long Budget = 1 << 20;
        using var network = new TestNetwork(seed)
        {
            Delay = TimeSpan.FromMilliseconds(10), Loss = loss, Reordering = loss,
        };
        StackConfig Tight(StackConfig config) => config with { Chunks = new ChunkPool(Budget) };
        TestHost client = network.Add(1, change: Tight), server = network.Add(2, change: Tight);
        List<TransferApp> apps = [];
        TransferApp Accept()
        {
            var app = new TransferApp(Bytes, 2, 1) { Detaches = false }; // orphans would be given up for memory
            apps.Add(app);
            return app;
        }

        server.Listen(80, Accept);
        for (int i = 0; i < Count; i++)
        {
            apps.Add(client.Connect(new TransferApp(Bytes, 1, 2) { Detaches = false }, server, 80));
        }

        long most = 0;
        network.RunUntil(
            () =>
            {
                most = Math.Max(most, Math.Max(client.Core.Config.Chunks.BytesOut, server.Core.Config.Chunks.BytesOut));
                return apps.Count == 2 * Count && apps.TrueForAll(app => app.IsDone);
            },
            seconds: 600);

        // Nobody waits before the first write: a chunk and what fills it for each connection may lie above.
        Assert.InRange(most, Budget / 2, Budget + Count * Chunk.LargeSize);
        Assert.Equal(0, client.Core.Config.Chunks.BytesOut + server.Core.Config.Chunks.BytesOut);
        Assert.All(apps, app => Assert.Equal(Bytes, app.BytesRead));
    }
}
