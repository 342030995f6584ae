using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>A limit of the stack is that of all its shards together.</summary>
public sealed class ShardLimitTests
{
    [Fact]
    public void A_backlog_is_full_in_all_shards_at_once()
    {
        using var bench = new ShardBench(3);
        StackListener[] listeners = bench.Listen(backlog: 2);
        bench.Handshake(0, bench.PeerPortOf(0));
        bench.Handshake(1, bench.PeerPortOf(1));
        ushort late = bench.PeerPortOf(2);
        uint iss = bench.Handshake(2, late);
        Assert.Equal((0, 1L), (listeners[2].PendingAccepts, listeners[2].Overflows));

        Assert.True(bench.Shards[0].TryAccept(listeners[0], out _));
        bench.Hear(2, ShardBench.Segment(TcpFlags.Ack, 1001, iss + 1, from: late));
        Assert.Equal((1, 1L), (listeners[2].PendingAccepts, listeners[2].Overflows));
    }

    [Fact]
    public void Half_open_connections_of_a_listener_are_counted_in_all_shards()
    {
        using var bench = new ShardBench(3);
        StackListener[] listeners = bench.Listen(synBacklog: 2);
        for (int shard = 0; shard < 3; shard++)
        {
            bench.Hear(shard, ShardBench.Segment(TcpFlags.Syn, 1000, from: bench.PeerPortOf(shard)));
        }

        Assert.Equal([1, 1, 0], listeners.Select(listener => listener.HalfOpen));
        Assert.Equal(1, bench.Drops(2, PacketDropReason.BacklogFull));
        bench.Shards[0].CloseListener(listeners[0], bench.Now);
        bench.Hear(2, ShardBench.Segment(TcpFlags.Syn, 1000, from: bench.PeerPortOf(2)));
        Assert.Equal(1, listeners[2].HalfOpen);
    }

    [Fact]
    public void Half_open_connections_of_the_stack_are_counted_in_all_shards()
    {
        using var bench = new ShardBench(2, config => config with { MaxHalfOpen = 1 });
        bench.Listen();
        bench.Hear(1, ShardBench.Segment(TcpFlags.Syn, 1000, from: bench.PeerPortOf(1)));
        bench.Hear(0, ShardBench.Segment(TcpFlags.Syn, 1000, from: bench.PeerPortOf(0)));
        Assert.Equal((0, 1), (bench.Shards[0].HalfOpenCount, bench.Shards[1].HalfOpenCount));
    }

    [Fact]
    public void Connections_are_counted_in_all_shards()
    {
        using var bench = new ShardBench(3, config => config with { MaxConnections = 2 });
        Assert.Equal(CallResult.Done, bench.Connect(0, out StackConnection? connection));
        Assert.Equal(CallResult.Done, bench.Connect(1, out _));
        Assert.Equal(CallResult.TooManyConnections, bench.Connect(2, out _));
        bench.Shards[0].OnUserCall(connection!, UserCall.Abort, bench.Now);
        Assert.Equal(CallResult.Done, bench.Connect(2, out _));
    }

    [Fact]
    public void Orphans_are_counted_in_all_shards()
    {
        using var bench = new ShardBench(2, config => config with { MaxOrphans = 2 });
        StackListener[] listeners = bench.Listen();
        int[] shards = [0, 1, 1];
        var sent = new List<SentFrame>();
        for (int i = 0; i < shards.Length; i++)
        {
            bench.Handshake(shards[i], bench.PeerPortOf(shards[i], skipped: i));
            Assert.True(bench.Shards[shards[i]].TryAccept(listeners[shards[i]], out StackConnection? connection));
            bench.Shards[shards[i]].Adopt(connection!, this);
            bench.Shards[shards[i]].OnUserCall(connection!, UserCall.Detach, bench.Now);
            sent = bench.Pull(shards[i]);
        }

        Assert.Equal((1, 1), (bench.Shards[0].OrphanCount, bench.Shards[1].OrphanCount));
        Assert.Contains(sent, frame => (frame.Flags & TcpFlags.Rst) != 0);
    }

    [Fact]
    public void TIME_WAIT_is_divided_among_the_shards()
    {
        using var bench = new ShardBench(2, config => config with { MaxTimeWait = 4 });
        StackListener[] listeners = bench.Listen();
        for (int i = 0; i < 3; i++)
        {
            ushort port = bench.PeerPortOf(1, skipped: i);
            uint iss = bench.Handshake(1, port);
            Assert.True(bench.Shards[1].TryAccept(listeners[1], out StackConnection? connection));
            bench.Shards[1].OnUserCall(connection!, UserCall.Close, bench.Now);
            bench.Pull(1);
            bench.Hear(1, ShardBench.Segment(TcpFlags.Ack | TcpFlags.Fin, 1001, iss + 2, from: port));
            bench.Pull(1);
        }

        Assert.Equal(2, bench.Shards[1].TimeWaitCount);
    }

    [Fact]
    public void Memory_has_one_budget()
    {
        const int budget = 1 << 20;
        using var bench = new ShardBench(2, config => config with { Chunks = new ChunkPool(budget) });
        ChunkPool mine = bench.Shards[0].Chunks;
        ChunkPool other = bench.Shards[1].Chunks;
        Assert.NotSame(mine, other);
        var rented = new List<Chunk>();
        while (mine.TryRent(Chunk.LargeSize) is { } chunk)
        {
            rented.Add(chunk);
        }

        Assert.Equal(budget / Chunk.LargeSize, rented.Count);
        Assert.True(other.IsUnderPressure());
        Assert.Null(other.TryRent(1));
        Assert.Equal((budget, budget), (other.BytesOut, bench.Host.Config.Chunks.BytesOut));
        rented.ForEach(mine.Return);
        Assert.Equal(0, other.BytesOut);
        Assert.NotNull(other.TryRent(1));

        // Each shard keeps its own chunks ready, a quarter of the budget together.
        Assert.Equal((budget / 8, 0), (mine.BytesKept, other.BytesKept));
    }

    /// <summary>The number of a second is drawn by the host: as many are sent as by one shard.</summary>
    [Fact]
    public void Resets_have_one_limit_a_second()
    {
        using var bench = Bench(2);
        int resets = ResetsOfHundred(bench);
        Assert.InRange(resets, 10, 29);
        Assert.Equal(100 - resets, bench.Shards.Sum(shard => shard.Counters.ResetsWithheld));
        Assert.All(bench.Shards, shard => Assert.True(shard.Counters.ResetsWithheld > 0));
        using var single = Bench(1);
        Assert.Equal(ResetsOfHundred(single), resets);

        static ShardBench Bench(int shards) => new(shards, config => config with { StrangerRepliesPerSecond = 20 });
    }

    [Fact]
    public void Challenge_ACKs_have_one_limit_a_second()
    {
        using var bench = Bench(2);
        using var single = Bench(1);
        int answers = ChallengesOfForty(bench);
        Assert.InRange(answers, 5, 14);
        Assert.Equal(ChallengesOfForty(single), answers);

        static ShardBench Bench(int shards) => new(
            shards, config => config with { ChallengeAcksPerSecond = 10, ChallengeAcksPerConnection = 100 });
    }

    private static int ResetsOfHundred(ShardBench bench)
    {
        int resets = 0;
        for (ushort port = 6000; port < 6100; port++)
        {
            int shard = bench.Host.Steering.ShardOf(ShardBench.FlowFrom(port));
            bench.Hear(shard, ShardBench.Segment(TcpFlags.Syn, 1, from: port));
            resets += bench.Pull(shard).Count;
        }

        return resets;
    }

    // In each shard, in turns.
    private static int ChallengesOfForty(ShardBench bench)
    {
        bench.Listen();
        int shards = bench.Shards.Length;
        ushort[] ports = [.. Enumerable.Range(0, shards).Select(shard => bench.PeerPortOf(shard))];
        uint[] iss = [.. ports.Select((port, shard) => bench.Handshake(shard, port))];
        int answers = 0;
        for (int i = 0; i < 40; i++)
        {
            int shard = i % shards;
            bench.Hear(shard, ShardBench.Segment(TcpFlags.Ack, 500, iss[shard] + 1, from: ports[shard]));
            answers += bench.Pull(shard).Count;
        }

        return answers;
    }
}
