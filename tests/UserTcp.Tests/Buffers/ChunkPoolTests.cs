using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

public sealed class ChunkPoolTests
{
    private readonly ChunkPool _pool = new(1 << 20);

    [Theory]
    [InlineData(0, Chunk.SmallSize)]
    [InlineData(1, Chunk.SmallSize)]
    [InlineData(Chunk.SmallSize, Chunk.SmallSize)]
    [InlineData(Chunk.SmallSize + 1, Chunk.LargeSize)]
    [InlineData(Chunk.LargeSize, Chunk.LargeSize)]
    [InlineData(Chunk.LargeSize + 1, Chunk.LargeSize + 1)]
    public void A_request_gets_the_smallest_size_that_holds_it(int minimum, int size)
    {
        Chunk chunk = _pool.Rent(minimum);

        Assert.Equal(size, chunk.Size);
        Assert.Equal(size, _pool.BytesOut);
    }

    [Fact]
    public void The_chunk_that_came_back_last_leaves_first()
    {
        Chunk first = _pool.Rent(1);
        Chunk second = _pool.Rent(1);
        Chunk large = _pool.Rent(Chunk.LargeSize);
        _pool.Return(first);
        _pool.Return(large);
        _pool.Return(second);

        Assert.Same(second, _pool.Rent(1));
        Assert.Same(first, _pool.Rent(1));
        Assert.Same(large, _pool.Rent(Chunk.LargeSize));
    }

    [Fact]
    public void A_chunk_comes_back_without_a_past()
    {
        Chunk chunk = _pool.Rent(1);
        chunk.Start = 77;
        chunk.Filled = 5;
        chunk.Link(_pool.Rent(1));
        _pool.Return(chunk);

        Assert.Same(chunk, _pool.Rent(1));
        Assert.Equal((0L, 0, null), (chunk.Start, chunk.Filled, (object?)chunk.Next));
    }

    [Fact]
    public void A_forgotten_chunk_is_neither_counted_nor_given_out_again()
    {
        Chunk chunk = _pool.Rent(1);
        _pool.Forget(chunk);

        Assert.Equal(0, _pool.BytesOut);
        Assert.NotSame(chunk, _pool.Rent(1));
    }

    [Fact]
    public void A_chunk_of_its_own_size_is_freed_when_it_comes_back()
    {
        Chunk chunk = _pool.Rent(100_000);
        _pool.Return(chunk);

        Assert.Equal((0L, 0L), (_pool.BytesOut, _pool.BytesKept));
        Assert.NotSame(chunk, _pool.Rent(100_000));
    }

    [Fact]
    public void Receivers_are_refused_above_the_budget_and_writers_are_not()
    {
        var pool = new ChunkPool(4 * Chunk.LargeSize);
        for (int i = 0; i < 4; i++)
            Assert.NotNull(pool.TryRent(Chunk.LargeSize));

        Assert.Null(pool.TryRent(1));
        Assert.NotNull(pool.Rent(1));
    }

    [Fact]
    public void Pressure_begins_at_seven_eighths_of_the_budget()
    {
        var pool = new ChunkPool(8 * Chunk.LargeSize);
        for (int i = 0; i < 6; i++)
            pool.Rent(Chunk.LargeSize);
        Assert.False(pool.IsUnderPressure());

        Chunk seventh = pool.Rent(Chunk.LargeSize);
        Assert.True(pool.IsUnderPressure());

        pool.Return(seventh);
        Assert.False(pool.IsUnderPressure());
    }

    [Fact]
    public void No_more_than_a_quarter_of_the_budget_lies_ready()
    {
        var pool = new ChunkPool(8 * Chunk.LargeSize);
        Chunk[] chunks = [.. Enumerable.Range(0, 8).Select(_ => pool.Rent(Chunk.LargeSize))];
        foreach (Chunk chunk in chunks)
            pool.Return(chunk);

        Assert.Equal((0L, 2L * Chunk.LargeSize), (pool.BytesOut, pool.BytesKept));
    }

    [Fact]
    public void Shards_count_together_within_a_64th_of_the_budget_and_exactly_when_nothing_is_out()
    {
        const int Shards = 5;
        var all = new ChunkPool(256 * Chunk.LargeSize);
        ChunkPool[] shards = [.. Enumerable.Range(0, Shards).Select(_ => all.ForShard(Shards))];
        var random = new Random(7);
        List<(ChunkPool Shard, Chunk Chunk)> outside = [];
        for (int i = 0; i < 10_000; i++)
        {
            if (random.Next(250) >= outside.Count)
            {
                ChunkPool shard = shards[random.Next(Shards)];
                outside.Add((shard, shard.Rent(random.Next(2) == 0 ? 1 : Chunk.LargeSize)));
            }
            else
            {
                (ChunkPool shard, Chunk chunk) = outside[random.Next(outside.Count)];
                outside.Remove((shard, chunk));
                shard.Return(chunk);
            }

            long truly = outside.Sum(static o => (long)o.Chunk.Size);
            Assert.All(shards, shard => Assert.InRange(shard.BytesOut - truly, -all.Budget / 64, all.Budget / 64));
        }

        outside.ForEach(static o => o.Shard.Return(o.Chunk));
        Assert.Equal(0, all.BytesOut);
        Assert.All(shards, static shard => Assert.Equal(0, shard.BytesOut));
    }

    [Fact]
    public void A_shard_alone_with_its_chunks_counts_them_exactly()
    {
        ChunkPool shard = new ChunkPool(256 * Chunk.LargeSize).ForShard(2);
        shard.Rent(1);
        Assert.Equal(Chunk.SmallSize, shard.BytesOut);
    }

    [Fact]
    public unsafe void The_address_of_a_chunk_is_that_of_its_bytes_and_outlives_collections()
    {
        Chunk chunk = _pool.Rent(1);
        chunk.Bytes[0] = 0xA5;
        GC.Collect();
        chunk.Bytes[1] = 0x5A;

        Assert.Equal((0xA5, 0x5A), (chunk.Pointer[0], chunk.Pointer[1]));
    }
}
