using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

/// <summary>What a receiver does when the memory of the stack is used up.</summary>
public sealed class MemoryFloorTests
{
    private const int Budget = 2 * Chunk.LargeSize;

    private readonly ChunkPool _pool = new(Budget);

    private void UseUp()
    {
        while (_pool.TryRent(Chunk.SmallSize) is not null)
        {
        }
    }

    [Fact]
    public void What_lies_out_of_order_makes_room_for_what_comes_in_order()
    {
        var queue = new ReceiveQueue(_pool, 1 << 20);
        Assert.True(queue.TryWrite(0, new byte[9_000], out _));
        Assert.True(queue.TryWrite(75_000, new byte[1_000], out _));
        UseUp();
        Assert.True(queue.TryWrite(9_000, new byte[56_500], out _)); // to the end of the first chunk
        Assert.Equal(1, queue.OutOfOrder.Count);
        Assert.True(queue.TryWrite(65_500, new byte[400], out _));
        Assert.Equal(65_900, queue.ContiguousEnd);
        Assert.Equal(0, queue.OutOfOrder.Count);
        Assert.InRange(_pool.BytesOut, 1, Budget);
    }

    [Fact]
    public void A_little_in_order_may_always_be_held_and_no_more()
    {
        UseUp();
        var queue = new ReceiveQueue(_pool, 1 << 20);
        Assert.False(queue.TryWrite(1_000, new byte[1_000], out _)); // a hole is no reason
        long position = 0;
        while (queue.TryWrite(position, new byte[1_000], out _))
        {
            position += 1_000;
        }

        Assert.Equal(ReceiveQueue.AlwaysHeld / 1_000 * 1_000, position);
        Assert.Equal(Budget + ReceiveQueue.AlwaysHeld, _pool.BytesOut);
        queue.Read();
        queue.AdvanceTo(position, position);
        Assert.Equal(Budget, _pool.BytesOut);
        Assert.True(queue.TryWrite(position, new byte[1_000], out _));
    }
}
