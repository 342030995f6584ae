using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

/// <summary>A single write is never refused: what it holds in excess is its own connection's concern.</summary>
public sealed class OverdraftTests
{
    private const int Allowance = 64 << 10;
    private readonly ChunkPool _pool = new(1 << 20);

    [Fact]
    public void One_large_write_leaves_the_budget_to_the_others()
    {
        SendQueue large = NewQueue(), small = NewQueue();
        Write(large, 8 << 20);
        Write(small, 1000);

        Assert.True(large.IsOverdrawn && large.IsUnderPressure);
        Assert.False(small.IsOverdrawn || small.IsUnderPressure);
        Assert.Equal(Allowance + Chunk.LargeSize + Chunk.SmallSize, _pool.BytesOut - _pool.Overdrawn);

        var receive = new ReceiveQueue(_pool, 1 << 20);
        Assert.True(receive.TryWrite(100_000, new byte[1000], out _));
        receive.IsOverdrawn = true;
        Assert.True(receive.IsUnderPressure);
        Assert.False(receive.TryWrite(300_000, new byte[1000], out _));
    }

    [Fact]
    public void What_is_acknowledged_is_overdrawn_no_more()
    {
        SendQueue queue = NewQueue();
        Write(queue, 2 << 20);
        queue.FreeBelow((2 << 20) - 1000);
        Assert.Equal((false, 0L), (queue.IsOverdrawn, _pool.Overdrawn));
        queue.FreeBelow(queue.End);
        Assert.Equal((0L, 0L), (_pool.BytesOut, _pool.Overdrawn));
    }

    [Fact]
    public void An_end_in_the_middle_of_a_write_gives_all_of_it_back()
    {
        SendQueue queue = NewQueue();
        Write(queue, 2 << 20);
        queue.GetMemory(100_000);
        queue.Abandon();
        Assert.Equal((0L, 0L), (_pool.BytesOut, _pool.Overdrawn));
    }

    /// <summary>Whatever some connections write: others feel no more than what each may hold.</summary>
    [Fact]
    public void The_others_feel_what_each_may_hold_and_no_more()
    {
        for (int seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            var pool = new ChunkPool(1 << 20);
            SendQueue[] queues = [.. Enumerable.Range(0, 6).Select(_ => new SendQueue(pool) { Allowance = Allowance })];
            for (int step = 0; step < 60; step++)
            {
                Disturb(queues[random.Next(queues.Length)], random);
                Assert.InRange(pool.BytesOut - pool.Overdrawn, 0, queues.Length * (Allowance + Chunk.LargeSize));
                Assert.False(pool.IsUnderPressure());
                Assert.Equal(pool.Overdrawn > 0, Array.Exists(queues, queue => queue.IsOverdrawn));
            }

            Array.ForEach(queues, queue => queue.Abandon());
            Assert.Equal((0L, 0L), (pool.BytesOut, pool.Overdrawn));
        }
    }

    private static void Disturb(SendQueue queue, Random random)
    {
        switch (random.Next(5))
        {
            case 0:
                queue.FreeBelow(queue.Start + (long)(random.NextDouble() * (queue.End - queue.Start)));
                break;
            case 1:
                queue.FreeBelow(queue.End);
                break;
            case 2:
                queue.GetMemory(random.Next(1, 200_000));
                break;
            default:
                Write(queue, random.Next(1, random.Next(4) == 0 ? 3_000_000 : 30_000));
                break;
        }
    }

    private static void Write(SendQueue queue, int bytes)
    {
        for (int left = bytes; left > 0;)
        {
            int count = Math.Min(left, queue.GetMemory(1).Length);
            queue.Advance(count);
            left -= count;
        }

        queue.Publish();
    }

    private SendQueue NewQueue() => new(_pool) { Allowance = Allowance };
}
