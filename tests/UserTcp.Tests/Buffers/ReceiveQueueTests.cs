using System.Buffers;
using FsCheck;
using FsCheck.Xunit;
using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

public sealed class ReceiveQueueTests
{
    private readonly ChunkPool _pool = new(64 << 20);
    private readonly ReceiveQueue _queue;

    public ReceiveQueueTests() => _queue = new ReceiveQueue(_pool, 100_000);

    [Fact]
    public void Bytes_in_order_are_read_where_they_were_written()
    {
        Assert.True(_queue.TryWrite(0, [1, 2, 3], out BufferRange stored));
        Assert.True(_queue.TryWrite(3, [4], out _));

        Assert.Equal(new BufferRange(0, 3), stored);
        Assert.Equal((4L, 4L), (_queue.ContiguousEnd, _queue.Unexamined));
        ReadOnlySequence<byte> view = _queue.Read();
        Assert.True(view.IsSingleSegment);
        Assert.Equal([1, 2, 3, 4], view.ToArray());
    }

    [Fact]
    public void Bytes_beyond_a_hole_wait_at_their_place()
    {
        Assert.True(_queue.TryWrite(2, [3, 4], out BufferRange beyond));
        Assert.True(_queue.TryWrite(6, [7], out _));
        Assert.Equal((0L, 7L), (_queue.ContiguousEnd, _queue.HighestEnd));
        Assert.Equal(new BufferRange(2, 4), beyond);

        Assert.True(_queue.TryWrite(0, [1, 2], out BufferRange filled));
        Assert.Equal(new BufferRange(0, 4), filled);
        Assert.True(_queue.TryWrite(4, [5, 6], out _));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], _queue.Read().ToArray());
        Assert.Equal(0, _queue.OutOfOrder.Count);
    }

    [Fact]
    public void The_first_known_run_lies_within_what_was_asked_for()
    {
        Assert.True(_queue.FirstKnown(0, 100).IsEmpty);
        _queue.TryWrite(0, [1, 2], out _);
        _queue.TryWrite(4, [5, 6], out _);
        _queue.TryWrite(10, [11, 12, 13], out _);

        Assert.Equal(new BufferRange(1, 2), _queue.FirstKnown(1, 20));
        Assert.Equal(new BufferRange(4, 6), _queue.FirstKnown(3, 20));
        Assert.Equal(new BufferRange(11, 12), _queue.FirstKnown(11, 12));
        Assert.Equal(new BufferRange(10, 13), _queue.FirstKnown(6, 20));
        Assert.True(_queue.FirstKnown(6, 10).IsEmpty);
        Assert.True(_queue.FirstKnown(13, 20).IsEmpty);
    }

    [Fact]
    public void A_byte_that_was_accepted_is_never_replaced()
    {
        _queue.TryWrite(0, [1, 1], out _);
        _queue.TryWrite(4, [5, 5], out _);
        Assert.True(_queue.TryWrite(0, [9, 9, 9, 9, 9, 9, 9, 9], out BufferRange stored));

        Assert.Equal(new BufferRange(2, 8), stored);
        Assert.Equal([1, 1, 9, 9, 5, 5, 9, 9], _queue.Read().ToArray());
    }

    [Fact]
    public void Old_bytes_are_accepted_and_change_nothing()
    {
        _queue.TryWrite(0, [1, 2, 3], out _);

        Assert.True(_queue.TryWrite(0, [9, 9], out BufferRange stored));
        Assert.True(stored.IsEmpty);
        Assert.Equal([1, 2, 3], _queue.Read().ToArray());
    }

    [Fact]
    public void The_window_follows_what_is_examined_and_memory_what_is_consumed()
    {
        _queue.TryWrite(0, new byte[10_000], out _);
        ReadOnlySequence<byte> view = _queue.Read();
        _queue.AdvanceTo(0, view.Length);

        Assert.Equal((0L, 10_000L), (_queue.Unexamined, _queue.Unconsumed));
        Assert.NotEqual(0, _pool.BytesOut);

        view = _queue.Read();
        _queue.AdvanceTo(view.Length, view.Length);
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void What_a_reader_waits_for_needs_no_window_and_stays_new_to_it()
    {
        _queue.TryWrite(0, new byte[100], out _);
        _queue.Want(150);
        Assert.Equal((0L, 0L), (_queue.Unexamined, _queue.Examined));

        _queue.TryWrite(100, new byte[100], out _);
        Assert.Equal(50, _queue.Unexamined);
    }

    [Fact]
    public void A_view_stays_as_it_is_while_more_arrives()
    {
        _queue.TryWrite(0, Numbered(0, 5_000), out _);
        ReadOnlySequence<byte> view = _queue.Read();
        _queue.TryWrite(5_000, Numbered(5_000, 60_000), out _);

        Assert.Equal(Numbered(0, 5_000), view.ToArray());
        _queue.AdvanceTo(1_000, 5_000);
        Assert.Equal(Numbered(1_000, 64_000), _queue.Read().ToArray());
    }

    [Fact]
    public void The_end_of_the_stream_takes_no_more_bytes()
    {
        _queue.TryWrite(0, [1], out _);
        _queue.Finish();

        Assert.False(_queue.TryWrite(1, [2], out _));
        Assert.Equal([1], _queue.Read().ToArray());
    }

    [Fact]
    public void When_the_connection_ends_what_came_in_order_stays_and_the_rest_goes()
    {
        _queue.TryWrite(0, Numbered(0, 3_000), out _);
        _queue.TryWrite(70_000, Numbered(70_000, 9_000), out _);
        _queue.Abandon();

        Assert.Equal(Chunk.SmallSize, _pool.BytesOut);
        Assert.Equal(Numbered(0, 3_000), _queue.Read().ToArray());
        Assert.False(_queue.TryWrite(3_000, [1], out _));
        _queue.AdvanceTo(3_000, 3_000);
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Memory_under_a_view_is_never_given_to_another_when_the_reader_is_gone()
    {
        _queue.TryWrite(0, Numbered(0, 80_000), out _);
        ReadOnlySequence<byte> view = _queue.Read();
        _queue.CloseReader(isViewReleased: false);
        Assert.Equal((0L, 0L), (_pool.BytesOut, _pool.BytesKept));

        for (int i = 0; i < 64; i++)
            _pool.Rent(i % 2 == 0 ? 1 : Chunk.LargeSize).Bytes.Fill(0xEE);
        Assert.Equal(Numbered(0, 80_000), view.ToArray());
    }

    [Fact]
    public void Memory_that_the_reader_released_is_recycled()
    {
        _queue.TryWrite(0, Numbered(0, 3_000), out _);
        _queue.Read();
        _queue.CloseReader(isViewReleased: true);

        Assert.Equal((0L, (long)Chunk.SmallSize), (_pool.BytesOut, _pool.BytesKept));
        Assert.True(_queue.LeavesUnread);
    }

    [Fact]
    public void Without_a_reader_bytes_are_counted_and_dropped()
    {
        _queue.CloseReader(isViewReleased: true);
        Assert.False(_queue.LeavesUnread);
        Assert.True(_queue.TryWrite(10, Numbered(10, 20), out _));
        Assert.True(_queue.TryWrite(0, Numbered(0, 10), out _));

        Assert.Equal((30L, 0L, 0L), (_queue.ContiguousEnd, _queue.Unexamined, _pool.BytesOut));
        Assert.True(_queue.LeavesUnread);
    }

    [Fact]
    public void Under_pressure_out_of_order_bytes_are_refused_first()
    {
        var pool = new ChunkPool(8 * Chunk.LargeSize);
        var queue = new ReceiveQueue(pool, 100_000);
        for (int i = 0; i < 7; i++)
            pool.Rent(Chunk.LargeSize);

        Assert.False(queue.TryWrite(10, [1], out _));
        Assert.True(queue.TryWrite(0, [1], out _));
        pool.Rent(Chunk.LargeSize);
        Assert.False(queue.TryWrite(1, new byte[60_000], out BufferRange stored));
        Assert.True(stored.IsEmpty);
        Assert.Equal(1, queue.ContiguousEnd);
    }

    [Fact]
    public void Larger_buffers_keep_more_holes()
    {
        var queue = new ReceiveQueue(new ChunkPool(1 << 26), 1 << 20);
        Assert.Equal(1024, queue.OutOfOrder.MaximumCount);
        queue.Capacity = 1 << 30;
        Assert.Equal(16_384, queue.OutOfOrder.MaximumCount);
        queue.Capacity = 1 << 16;
        Assert.Equal(ReceiveQueue.LeastRanges, queue.OutOfOrder.MaximumCount);
    }

    [Fact]
    public void The_number_of_holes_is_bounded()
    {
        for (int i = 0; i < ReceiveQueue.LeastRanges; i++)
            Assert.True(_queue.TryWrite(1 + 2 * i, [1], out _));

        Assert.False(_queue.TryWrite(1 + 2 * ReceiveQueue.LeastRanges, [1], out _));
        Assert.True(_queue.TryWrite(0, [1], out _));
        Assert.Equal((2L, ReceiveQueue.LeastRanges - 1), (_queue.ContiguousEnd, _queue.OutOfOrder.Count));
    }

    [Fact]
    public void What_an_application_holds_is_bounded()
    {
        var queue = new ReceiveQueue(_pool, 10_000) { HeldLimit = 20_000 };
        for (int i = 0; i < 3; i++)
        {
            Assert.True(queue.TryWrite(queue.ContiguousEnd, new byte[10_000], out _));
            queue.Read();
            queue.AdvanceTo(0, queue.ContiguousEnd);
        }

        Assert.False(queue.TryWrite(queue.ContiguousEnd, [1], out _));
    }

    [Property(MaxTest = 300)]
    public void It_holds_what_a_plain_array_holds(DoNotSize<uint>[] script)
    {
        var model = new Model();
        foreach (uint step in script.Select(item => item.Item))
        {
            int amount = (int)(step >> 4) % (step % 32 < 16 ? 3_000 : 20_000);
            int offset = (int)(step >> 9) % 40_000;
            switch (step % 6)
            {
                case 0 or 1:
                    model.Write(model.Queue.ContiguousEnd, amount, (byte)step);
                    break;
                case 2 or 3:
                    model.Write(model.Queue.ContiguousEnd + offset - 5_000, amount, (byte)step);
                    break;
                default:
                    model.Read(consume: amount, examine: amount + offset);
                    break;
            }
        }

        model.Drain();
    }

    private static byte[] Numbered(long position, int length)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = (byte)((ulong)(position + i + 1) * 0x9E3779B97F4A7C15 >> 56);
        return bytes;
    }

    private sealed class Model
    {
        private readonly ChunkPool _pool = new(64 << 20);
        private int _contiguousEnd;
        private readonly byte?[] _bytes = new byte?[3 << 20];

        public Model() => Queue = new ReceiveQueue(_pool, 120_000);

        public ReceiveQueue Queue { get; }

        /// <summary>The value differs from write to write: a second arrival of a byte must not show.</summary>
        public void Write(long position, int length, byte salt)
        {
            position = Math.Max(0, position);
            long rightEdge = Queue.ContiguousEnd + Queue.Capacity - Queue.Unexamined;
            length = (int)Math.Clamp(rightEdge - position, 0, length);
            byte[] bytes = [.. Numbered(position, length).Select(b => (byte)(b ^ salt))];
            Assert.True(Queue.TryWrite(position, bytes, out _));
            for (int i = 0; i < length; i++)
                _bytes[position + i] ??= bytes[i];

            while (_bytes[_contiguousEnd] is not null)
                _contiguousEnd++;
            Assert.Equal(_contiguousEnd, Queue.ContiguousEnd);
            foreach (BufferRange range in Queue.OutOfOrder.Ranges)
            {
                Assert.Null(_bytes[range.Start - 1]);
                Assert.DoesNotContain(null, _bytes[(int)range.Start..(int)range.End]);
                Assert.Null(_bytes[range.End]);
            }
        }

        public void Read(int consume, int examine)
        {
            ReadOnlySequence<byte> view = Queue.Read();
            Assert.Equal(Queue.Unconsumed, view.Length);
            Assert.Equal(Expected(), view.ToArray());
            long start = Queue.Consumed;
            Queue.AdvanceTo(start + Math.Min(consume, view.Length), start + Math.Min(examine, view.Length));
        }

        public void Drain()
        {
            Queue.Abandon();
            Assert.Equal(Expected(), Queue.Read().ToArray());
            Queue.AdvanceTo(Queue.ContiguousEnd, Queue.ContiguousEnd);
            Assert.Equal(0, _pool.BytesOut);
        }

        private byte[] Expected() =>
            [.. _bytes[(int)Queue.Consumed..(int)Queue.ContiguousEnd].Select(b => b!.Value)];
    }
}
