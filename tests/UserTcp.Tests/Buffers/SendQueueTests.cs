using FsCheck;
using FsCheck.Xunit;
using UserTcp.Buffers;

namespace UserTcp.Tests.Buffers;

public sealed class SendQueueTests
{
    private readonly ChunkPool _pool = new(64 << 20);
    private readonly SendQueue _queue;

    public SendQueueTests() => _queue = new SendQueue(_pool);

    [Fact]
    public void What_a_writer_that_is_gone_flushes_loses_no_chunk()
    {
        Write(_queue, Numbered(0, Chunk.SmallSize + Chunk.LargeSize - 100));
        _queue.Publish();
        _queue.GetMemory(Chunk.LargeSize);
        _queue.CloseWriter();

        Assert.False(_queue.Publish());
        _queue.FreeBelow(_queue.End);

        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Advancing_after_the_end_without_memory_is_the_callers_mistake()
    {
        Write(_queue, [1, 2, 3]);
        _queue.Abandon();
        _queue.Publish();

        Assert.Throws<InvalidOperationException>(() => _queue.Advance(1));
    }

    [Fact]
    public void Memory_that_a_busy_writer_holds_is_never_given_to_another()
    {
        Write(_queue, [1, 2, 3]);
        Memory<byte> held = _queue.GetMemory(10);
        Assert.True(_queue.CloseWriter());
        _queue.FreeBelow(_queue.End);
        Assert.Equal(Chunk.SmallSize, _pool.BytesOut);
        _queue.Abandon();

        var other = new SendQueue(_pool);
        Memory<byte> others = other.GetMemory(10);
        Assert.False(held.Span.Overlaps(others.Span));
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Bytes_are_held_by_position_once_they_are_published()
    {
        Write(_queue, [1, 2, 3]);
        Assert.Equal((0L, 3L), (_queue.End, _queue.Advanced));
        Assert.Equal(0, _queue.Gather(0, 3, out _, out _));

        Assert.True(_queue.Publish());
        Assert.Equal(2, _queue.Gather(1, 10, out BufferPiece first, out BufferPiece second));
        Assert.Equal([2, 3], first.Span.ToArray());
        Assert.Equal(0, second.Length);
        Assert.False(_queue.Publish());
    }

    [Fact]
    public void A_run_over_two_chunks_is_two_pieces_and_over_three_is_cut()
    {
        byte[] bytes = Numbered(0, Chunk.SmallSize + Chunk.LargeSize + 500);
        Write(_queue, bytes);
        _queue.Publish();

        int covered = _queue.Gather(10, bytes.Length, out BufferPiece first, out BufferPiece second);

        Assert.Equal((Chunk.SmallSize - 10, Chunk.LargeSize), (first.Length, second.Length));
        Assert.Equal(first.Length + second.Length, covered);
        Assert.Equal(bytes.AsSpan(10, covered), [.. first.Span, .. second.Span]);
    }

    [Fact]
    public void A_hint_above_a_chunk_gets_contiguous_memory_of_its_own()
    {
        Write(_queue, [1]);
        Memory<byte> memory = _queue.GetMemory(200_000);
        Assert.True(memory.Length >= 200_000);
        Numbered(1, 200_000).CopyTo(memory);
        _queue.Advance(200_000);
        _queue.Publish();

        var copy = new byte[200_000];
        Assert.Equal(200_000, _queue.CopyTo(1, copy));
        Assert.Equal(Numbered(1, 200_000), copy);
        _queue.FreeBelow(_queue.End);
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Memory_never_moves_under_what_is_unacknowledged()
    {
        Write(_queue, Numbered(0, 10_000));
        _queue.Publish();
        _queue.Gather(5_000, 1, out BufferPiece before, out _);
        Write(_queue, Numbered(10_000, 300_000));
        _queue.Publish();
        _queue.FreeBelow(4_999);
        _queue.Gather(5_000, 1, out BufferPiece after, out _);

        unsafe
        {
            Assert.True(before.Pointer == after.Pointer);
        }
    }

    [Fact]
    public void An_idle_queue_holds_no_memory()
    {
        Write(_queue, Numbered(0, 100_000));
        _queue.Publish();
        _queue.FreeBelow(99_999);
        Assert.NotEqual(0, _pool.BytesOut);

        _queue.FreeBelow(100_000);
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Memory_asked_for_and_not_used_goes_back_at_the_flush()
    {
        Write(_queue, [1]);
        _queue.Publish();
        _queue.GetMemory(100);
        _queue.FreeBelow(1);
        Assert.Equal(Chunk.SmallSize, _pool.BytesOut);

        Assert.False(_queue.Publish());
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Memory_is_not_taken_back_while_flushed_bytes_in_it_wait_to_be_accepted()
    {
        Write(_queue, [1]);
        _queue.Publish();
        Write(_queue, [2]);
        Assert.True(_queue.Flush());
        _queue.FreeBelow(1);
        Assert.Equal(Chunk.SmallSize, _pool.BytesOut);

        Assert.True(_queue.Accept(_queue.Flushed));
        Assert.Equal(1, _queue.Gather(1, 1, out BufferPiece piece, out _));
        Assert.Equal([2], piece.Span.ToArray());
    }

    [Fact]
    public void What_is_flushed_and_not_accepted_goes_with_the_connection()
    {
        Write(_queue, Numbered(0, 10));
        _queue.Publish();
        Write(_queue, Numbered(10, 100_000));
        _queue.Flush();
        _queue.Abandon();

        Assert.False(_queue.Accept(_queue.Flushed));
        Assert.Equal((10L, 0L), (_queue.End, _pool.BytesOut));
    }

    [Fact]
    public void Part_of_what_was_flushed_may_be_accepted()
    {
        Write(_queue, Numbered(0, 100_000));
        _queue.Flush();
        Assert.True(_queue.Accept(50_000));
        CheckAll(_queue);
        Assert.True(_queue.Accept(_queue.Flushed));
        CheckAll(_queue);
        Assert.Equal(100_000, _queue.End);
    }

    [Fact]
    public void A_tail_is_not_taken_back_while_the_writer_fills_it()
    {
        Write(_queue, [1]);
        _queue.Publish();
        Memory<byte> memory = _queue.GetMemory(1);
        _queue.FreeBelow(1);
        memory.Span[0] = 2;
        _queue.Advance(1);
        _queue.Publish();

        Assert.Equal(1, _queue.Gather(1, 1, out BufferPiece piece, out _));
        Assert.Equal([2], piece.Span.ToArray());
    }

    [Fact]
    public void Memory_in_a_writers_hands_is_never_given_to_another_when_the_connection_ends()
    {
        Write(_queue, Numbered(0, 100_000));
        _queue.Publish();
        Memory<byte> held = _queue.GetMemory(10);
        _queue.Abandon();
        Assert.Equal(0, _pool.BytesOut);

        for (int i = 0; i < 64; i++)
        {
            Chunk other = _pool.Rent(i % 2 == 0 ? 1 : Chunk.LargeSize);
            Assert.False(other.Bytes.Overlaps(held.Span));
        }
    }

    [Fact]
    public void After_the_end_writes_are_discarded_and_nothing_grows()
    {
        Write(_queue, [1, 2, 3]);
        _queue.Publish();
        _queue.Abandon();
        for (int i = 0; i < 1_000; i++)
        {
            Write(_queue, Numbered(i, 5_000));
            Assert.False(_queue.Publish());
        }

        Assert.Equal((3L, 3L, 3L), (_queue.Start, _queue.End, _queue.Advanced));
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void What_was_published_before_the_application_let_go_is_kept_and_nothing_is_added()
    {
        Write(_queue, [1, 2, 3]);
        _queue.Publish();
        Memory<byte> memory = _queue.GetMemory(1);
        _queue.CloseWriter();
        memory.Span.Fill(9);
        _queue.Advance(5);
        Assert.False(_queue.Publish());
        Write(_queue, Numbered(0, 100_000));
        Assert.False(_queue.Publish());

        var copy = new byte[10];
        Assert.Equal(3, _queue.CopyTo(0, copy));
        Assert.Equal([1, 2, 3], copy[..3]);
        _queue.FreeBelow(3);
        _queue.Abandon();
        Assert.Equal(0, _pool.BytesOut);
    }

    [Fact]
    public void Advancing_without_memory_or_beyond_it_is_the_callers_mistake()
    {
        Assert.Throws<InvalidOperationException>(() => _queue.Advance(1));
        int length = _queue.GetMemory(1).Length;
        Assert.Throws<ArgumentOutOfRangeException>(() => _queue.Advance(length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _queue.Advance(-1));
    }

    [Property(MaxTest = 300)]
    public void It_holds_what_a_plain_array_holds(DoNotSize<uint>[] script)
    {
        var pool = new ChunkPool(64 << 20);
        var queue = new SendQueue(pool);
        foreach (uint step in script.Select(item => item.Item))
        {
            int amount = (int)(step >> 4) % (step % 32 < 16 ? 3_000 : 90_000);
            switch (step % 5)
            {
                case 0 or 1:
                    Write(queue, Numbered(queue.Advanced, amount), hint: (int)(step >> 8) % 100_000);
                    break;
                case 2:
                    queue.Publish();
                    break;
                case 3:
                    queue.FreeBelow(Math.Min(queue.End, queue.Start + amount));
                    break;
                default:
                    CheckGather(queue, queue.Start + amount, (int)(step >> 12) % 70_000);
                    break;
            }
        }

        queue.Publish();
        CheckAll(queue);
        queue.FreeBelow(queue.End);
        Assert.Equal(0, pool.BytesOut);
    }

    [Fact]
    public void A_writer_outside_the_door_and_the_machine_inside_do_not_disturb_each_other()
    {
        const int Total = 4_000_000;
        var door = new Lock();
        _queue.Source = new NewChunks();
        var writer = new Thread(() => WriteThroughDoor(door, Total));
        writer.Start();

        long checkedTo = 0;
        var copy = new byte[4_000];
        while (checkedTo < Total)
        {
            lock (door)
            {
                int length = _queue.CopyTo(checkedTo, copy);
                for (int i = 0; i < length; i++)
                    Assert.Equal(ByteAt(checkedTo + i), copy[i]);
                checkedTo += length;
                _queue.FreeBelow(checkedTo);
            }
        }

        writer.Join();
        Assert.Equal(0, _pool.BytesOut);
    }

    private static byte ByteAt(long position) => (byte)((ulong)(position + 1) * 0x9E3779B97F4A7C15 >> 56);

    private static byte[] Numbered(long position, int length)
    {
        var bytes = new byte[length];
        for (int i = 0; i < length; i++)
            bytes[i] = ByteAt(position + i);
        return bytes;
    }

    private static void Write(SendQueue queue, ReadOnlySpan<byte> bytes, int hint = 0)
    {
        while (!bytes.IsEmpty)
        {
            Memory<byte> memory = queue.GetMemory(hint);
            Assert.True(memory.Length >= Math.Max(hint, 1));
            int length = Math.Min(memory.Length, bytes.Length);
            bytes[..length].CopyTo(memory.Span);
            queue.Advance(length);
            bytes = bytes[length..];
        }
    }

    private static void CheckGather(SendQueue queue, long position, int length)
    {
        int expected = (int)Math.Clamp(queue.End - position, 0, length);
        int covered = queue.Gather(position, length, out BufferPiece first, out BufferPiece second);
        Assert.Equal(covered, first.Length + second.Length);
        Assert.InRange(covered, Math.Min(1, expected), expected);
        byte[] actual = [.. first.Span, .. second.Span];
        Assert.Equal(Numbered(position, covered), actual);
    }

    private static void CheckAll(SendQueue queue)
    {
        var copy = new byte[queue.Unacknowledged];
        Assert.Equal(copy.Length, queue.CopyTo(queue.Start, copy));
        Assert.Equal(Numbered(queue.Start, copy.Length), copy);
    }

    private void WriteThroughDoor(Lock door, int total)
    {
        int written = 0;
        while (written < total)
        {
            int amount = Math.Min(total - written, 1 + written % 9_000);
            ReadOnlySpan<byte> bytes = Numbered(written, amount);
            while (!bytes.IsEmpty)
            {
                Memory<byte> memory = _queue.GetMemory(0);
                int length = Math.Min(memory.Length, bytes.Length);
                bytes[..length].CopyTo(memory.Span);
                _queue.Advance(length);
                bytes = bytes[length..];
            }

            written += amount;
            _queue.Flush();
            lock (door)
                _queue.Accept(_queue.Flushed);
        }
    }

    private sealed class NewChunks : IChunkSource
    {
        public Chunk Take(int minimumBytes) =>
            new(minimumBytes <= Chunk.SmallSize ? Chunk.SmallSize : Math.Max(minimumBytes, Chunk.LargeSize));
    }
}
