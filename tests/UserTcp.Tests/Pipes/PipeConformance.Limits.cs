using System.Buffers;
using System.IO.Pipelines;
using FsCheck;
using FsCheck.Xunit;

namespace UserTcp.Tests.Pipes;

/// <summary>Cancellation, back-pressure, misuse, and traffic at random.</summary>
public abstract partial class PipeConformance
{
    [Fact(Timeout = Hang)]
    public async Task A_waiting_read_is_cancelled_and_the_next_works()
    {
        ValueTask<ReadResult> pending = Reader.ReadAsync();
        Reader.CancelPendingRead();
        ReadResult result = await pending;
        Assert.True(result.IsCanceled);
        Reader.AdvanceTo(result.Buffer.End);

        await WriteAsync("on");
        Assert.Equal("on", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_cancellation_before_a_read_meets_the_next_one_only()
    {
        await WriteAsync("data");
        Reader.CancelPendingRead();

        ReadResult result = await Reader.ReadAsync();
        Assert.True(result.IsCanceled);
        Assert.Equal("data", Text(result.Buffer));
        Reader.AdvanceTo(result.Buffer.Start);

        result = await Reader.ReadAsync();
        Assert.False(result.IsCanceled);
        Assert.Equal("data", Text(result.Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task After_a_cancelled_result_one_may_read_without_advancing()
    {
        Reader.CancelPendingRead();
        Assert.True((await Reader.ReadAsync()).IsCanceled);
        await WriteAsync("data");

        Assert.Equal("data", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_ends_a_read_that_waits_and_loses_nothing()
    {
        using var source = new CancellationTokenSource();
        ValueTask<ReadResult> pending = Reader.ReadAsync(source.Token);
        await source.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        await WriteAsync("kept");
        Assert.Equal("kept", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_cancelled_token_reads_and_flushes_nothing()
    {
        await WriteAsync("kept");
        var token = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Reader.ReadAsync(token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Writer.FlushAsync(token));
        Assert.Equal("kept", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task One_buffer_at_a_time()
    {
        await WriteAsync("x");
        Assert.Equal("x", Text((await Reader.ReadAsync()).Buffer));

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Reader.ReadAsync());
    }

    [Fact]
    public void Advancing_without_a_read_is_refused() =>
        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(default));

    [Fact(Timeout = Hang)]
    public async Task Positions_out_of_order_are_refused()
    {
        await WriteAsync("hello");
        ReadOnlySequence<byte> buffer = (await Reader.ReadAsync()).Buffer;

        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(buffer.GetPosition(3), buffer.GetPosition(2)));
    }

    [Fact(Timeout = Hang)]
    public async Task What_was_examined_may_be_given_again_at_once()
    {
        await WriteAsync("one");
        ReadOnlySequence<byte> buffer = (await Reader.ReadAsync()).Buffer;
        Reader.AdvanceTo(buffer.Start, buffer.End);
        await WriteAsync("two");
        buffer = (await Reader.ReadAsync()).Buffer;
        Reader.AdvanceTo(buffer.GetPosition(1));

        Assert.True(Reader.TryRead(out ReadResult result));
        Assert.Equal("netwo", Text(result.Buffer));
    }

    [Fact]
    public void A_completed_reader_reads_no_more()
    {
        Reader.Complete();
        Reader.Complete();

        Assert.Throws<InvalidOperationException>(() => { _ = Reader.ReadAsync(); });
        Assert.Throws<InvalidOperationException>(() => Reader.TryRead(out _));
    }

    [Fact(Timeout = Hang)]
    public async Task A_completed_writer_writes_no_more()
    {
        await Writer.CompleteAsync();
        await Writer.CompleteAsync();

        Assert.Throws<InvalidOperationException>(() => Writer.GetMemory());
        Assert.Throws<InvalidOperationException>(() => Writer.GetSpan());
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await Writer.WriteAsync(new byte[1]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4_096)]
    [InlineData(4_097)]
    [InlineData(65_536)]
    [InlineData(1_000_000)]
    public async Task A_hint_is_honoured_in_one_piece(int hint)
    {
        Put("front");
        Memory<byte> memory = Writer.GetMemory(hint);
        Assert.True(memory.Length >= Math.Max(1, hint));
        memory.Span.Fill(0x2A);
        Writer.Advance(hint);
        _ = Writer.FlushAsync();
        await Writer.CompleteAsync();

        using var copy = new MemoryStream();
        await Reader.CopyToAsync(copy);
        Assert.Equal(5 + hint, copy.Length);
        Assert.Equal(-1, copy.ToArray().AsSpan(5).IndexOfAnyExcept((byte)0x2A));
    }

    [Fact]
    public void Impossible_amounts_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.GetMemory(-1));
        int length = Writer.GetMemory(10).Length;
        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Writer.Advance(-1));
    }

    [Fact(Timeout = Hang)]
    public async Task A_flush_waits_for_a_reader_that_does_not_read()
    {
        ValueTask<FlushResult> pending = (await FillAsync())[0];
        await DrainAsync();

        FlushResult result = await pending;
        Assert.Equal((false, false), (result.IsCanceled, result.IsCompleted));
    }

    [Fact(Timeout = Hang)]
    public async Task A_waiting_flush_is_cancelled_and_the_bytes_are_sent_all_the_same()
    {
        ValueTask<FlushResult> pending = (await FillAsync())[0];
        Writer.CancelPendingFlush();
        Assert.True((await pending).IsCanceled);

        await Writer.CompleteAsync();
        Assert.Equal(0, await DrainAsync() % 4_096);
    }

    [Fact(Timeout = Hang)]
    public async Task A_cancellation_before_a_flush_meets_the_next_one_only()
    {
        Writer.CancelPendingFlush();

        Assert.True((await Writer.FlushAsync()).IsCanceled);
        Assert.False((await Writer.FlushAsync()).IsCanceled);
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_ends_a_flush_that_waits()
    {
        using var source = new CancellationTokenSource();
        Writer.GetSpan(300_000);
        Writer.Advance(300_000);
        ValueTask<FlushResult> pending = Writer.FlushAsync(source.Token);
        Assert.False(pending.IsCompleted);
        await source.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        await Writer.CompleteAsync();
        Assert.Equal(300_000, await DrainAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_reader_that_left_completes_flushes_and_what_is_written_is_discarded()
    {
        ValueTask<FlushResult> pending = (await FillAsync())[0];
        await Reader.CompleteAsync();

        Assert.True((await pending).IsCompleted);
        Put("nobody reads this");
        Assert.True((await Writer.FlushAsync()).IsCompleted);
        Assert.True((await Writer.WriteAsync(new byte[300_000])).IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task Context_flows_to_what_follows_an_await()
    {
        var local = new AsyncLocal<int> { Value = 42 };
        ValueTask<ReadResult> pending = Reader.ReadAsync();
        Task<int> following = FollowAsync();
        await WriteAsync("x");

        Assert.Equal(42, await following);

        async Task<int> FollowAsync()
        {
            await pending;
            return local.Value;
        }
    }

    [Property(MaxTest = 30)]
    public async Task Traffic_at_random_arrives_as_it_was_sent(int seed, PositiveInt size)
    {
        int total = size.Item * 10_000;
        (PipeReader reader, PipeWriter writer) = Create();
        Task writing = Task.Run(() => WriteRandomlyAsync(writer, new Random(seed), total));
        int received = await ReadRandomlyAsync(reader, new Random(~seed));

        await writing;
        Assert.Equal(total, received);
    }

    private static byte ByteAt(int position) => (byte)((uint)(position + 1) * 2_654_435_761 >> 24);

    private static async Task WriteRandomlyAsync(PipeWriter writer, Random random, int total)
    {
        int written = 0;
        while (written < total)
        {
            int hint = random.Next(4) == 0 ? random.Next(100_000) : random.Next(2_000);
            int amount = Math.Min(total - written, random.Next(Math.Max(1, hint)) + 1);
            Memory<byte> memory = writer.GetMemory(Math.Max(hint, amount));
            for (int i = 0; i < amount; i++)
                memory.Span[i] = ByteAt(written + i);
            writer.Advance(amount);
            written += amount;
            ValueTask<FlushResult> flush = random.Next(3) != 0 ? writer.FlushAsync() : default;
            if (random.Next(4) != 0) // some are never awaited
                await flush;
        }

        await writer.CompleteAsync();
    }

    private static async Task<int> ReadRandomlyAsync(PipeReader reader, Random random)
    {
        int received = 0;
        while (true)
        {
            ValueTask<ReadResult> read = reader.ReadAsync();
            if (!read.IsCompleted && random.Next(4) == 0)
                read = reader.ReadAtLeastAsync(random.Next(20_000)); // the one before is never awaited
            ReadResult result = await read;
            ReadOnlySequence<byte> buffer = result.Buffer;
            int consumed = result.IsCompleted ? (int)buffer.Length : random.Next((int)buffer.Length + 1);
            int position = received;
            foreach (ReadOnlyMemory<byte> piece in buffer.Slice(0, consumed))
            {
                foreach (byte value in piece.Span)
                    Assert.Equal(ByteAt(position++), value);
            }

            received += consumed;
            reader.AdvanceTo(buffer.GetPosition(consumed), buffer.End);
            if (result.IsCompleted)
                return received;
        }
    }

    /// <summary>Reads all that is there, or all up to the end if the writer is complete.</summary>
    private async Task<long> DrainAsync()
    {
        long length = 0;
        while (Reader.TryRead(out ReadResult result))
        {
            length += result.Buffer.Length;
            Reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted)
                break;
            await Task.Yield();
        }

        return length;
    }
}
