using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace UserTcp.Tests.Pipes;

/// <summary>
/// What anybody who knows pipelines may expect of a reader and a writer. The platform's own pipe passes it; ours must
/// too.
/// </summary>
public abstract partial class PipeConformance
{
    /// <summary>Far below what a test may take; it only turns a hang into a failure.</summary>
    protected const int Hang = 300_000;

    protected PipeConformance() => (Reader, Writer) = Create();

    protected PipeReader Reader { get; }

    protected PipeWriter Writer { get; }

    /// <summary>Both ends of a pipe that makes a flush wait from at most 64 KiB on.</summary>
    protected abstract (PipeReader Reader, PipeWriter Writer) Create();

    [Fact(Timeout = Hang)]
    public async Task What_was_flushed_is_read()
    {
        await WriteAsync("hello");

        Assert.Equal("hello", await ReadTextAsync());
    }

    [Fact]
    public void What_was_not_flushed_is_not_seen()
    {
        Put("hello");

        Assert.Equal(5, Writer.UnflushedBytes);
        Assert.False(Reader.TryRead(out _));
    }

    [Fact(Timeout = Hang)]
    public async Task A_flush_leaves_nothing_unflushed()
    {
        Assert.True(Writer.CanGetUnflushedBytes);
        Put("hello");
        await Writer.FlushAsync();

        Assert.Equal(0, Writer.UnflushedBytes);
        Assert.True(Reader.TryRead(out ReadResult result));
        Assert.Equal(5, result.Buffer.Length);
    }

    [Fact(Timeout = Hang)]
    public async Task What_is_examined_is_given_again_only_with_something_new()
    {
        await WriteAsync("one");
        ReadResult result = await Reader.ReadAsync();
        Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);

        Assert.False(Reader.TryRead(out _));
        ValueTask<ReadResult> pending = Reader.ReadAsync();
        Assert.False(pending.IsCompleted);

        await WriteAsync("two");
        Assert.Equal("onetwo", Text((await pending).Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task What_is_not_examined_is_given_again_at_once()
    {
        await WriteAsync("hello");
        ReadResult result = await Reader.ReadAsync();
        Reader.AdvanceTo(result.Buffer.GetPosition(1), result.Buffer.GetPosition(4));

        ValueTask<ReadResult> again = Reader.ReadAsync();
        Assert.True(again.IsCompleted);
        Assert.Equal("ello", Text((await again).Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task What_is_consumed_is_gone()
    {
        await WriteAsync("hello");
        ReadResult result = await Reader.ReadAsync();
        Reader.AdvanceTo(result.Buffer.GetPosition(2));

        Assert.Equal("llo", await ReadTextAsync());
        Assert.False(Reader.TryRead(out _));
    }

    [Fact(Timeout = Hang)]
    public async Task Reading_at_least_waits_for_the_minimum()
    {
        await WriteAsync("ab");
        ValueTask<ReadResult> pending = Reader.ReadAtLeastAsync(4);
        Assert.False(pending.IsCompleted);
        await WriteAsync("c");
        Assert.False(pending.IsCompleted);
        await WriteAsync("de");

        Assert.Equal("abcde", Text((await pending).Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task Reading_at_least_what_is_there_completes_at_once()
    {
        await WriteAsync("abcd");

        ValueTask<ReadResult> read = Reader.ReadAtLeastAsync(4);
        Assert.True(read.IsCompleted);
        Assert.Equal("abcd", Text((await read).Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task Reading_at_least_gives_less_at_the_end()
    {
        await WriteAsync("ab");
        ValueTask<ReadResult> pending = Reader.ReadAtLeastAsync(4);
        await Writer.CompleteAsync();

        ReadResult result = await pending;
        Assert.Equal("ab", Text(result.Buffer));
        Assert.True(result.IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task Reading_at_least_more_than_a_writer_may_have_in_flight_gets_there()
    {
        const int Minimum = 200_000;
        Task writing = WriteManyAsync(Minimum);

        ReadResult result = await Reader.ReadAtLeastAsync(Minimum);
        Assert.True(result.Buffer.Length >= Minimum);
        Reader.AdvanceTo(result.Buffer.End);
        await writing;
    }

    [Fact(Timeout = Hang)]
    public async Task The_end_comes_with_the_last_bytes()
    {
        await WriteAsync("bye");
        await Writer.CompleteAsync();

        ReadResult result = await Reader.ReadAsync();
        Assert.True(result.IsCompleted);
        Assert.Equal("bye", Text(result.Buffer));
        Reader.AdvanceTo(result.Buffer.End);

        result = await Reader.ReadAsync();
        Assert.True(result.IsCompleted);
        Assert.True(result.Buffer.IsEmpty);
        Reader.AdvanceTo(result.Buffer.End);
    }

    [Fact(Timeout = Hang)]
    public async Task The_end_comes_in_the_middle_of_a_read()
    {
        ValueTask<ReadResult> pending = Reader.ReadAsync();
        await Writer.CompleteAsync();

        ReadResult result = await pending;
        Assert.True(result.IsCompleted);
        Assert.True(result.Buffer.IsEmpty);
    }

    [Fact(Timeout = Hang)]
    public async Task The_end_is_reported_although_all_is_examined()
    {
        await WriteAsync("rest");
        ReadResult result = await Reader.ReadAsync();
        Reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
        ValueTask<ReadResult> pending = Reader.ReadAsync();
        await Writer.CompleteAsync();

        result = await pending;
        Assert.True(result.IsCompleted);
        Assert.Equal("rest", Text(result.Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task Completing_sends_what_was_not_flushed()
    {
        Put("tail");
        await Writer.CompleteAsync();

        ReadResult result = await Reader.ReadAsync();
        Assert.Equal("tail", Text(result.Buffer));
        Assert.True(result.IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task Copying_to_a_stream_takes_all()
    {
        byte[] bytes = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 7))];
        using var copy = new MemoryStream();
        Task copying = Reader.CopyToAsync(copy);
        await Writer.WriteAsync(bytes);
        await Writer.CompleteAsync();
        await copying;

        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact(Timeout = Hang)]
    public async Task A_stream_over_the_reader_waits_with_an_empty_read()
    {
        Stream stream = Reader.AsStream();
        ValueTask<int> pending = stream.ReadAsync(Memory<byte>.Empty);
        Assert.False(pending.IsCompleted);
        await WriteAsync("x");

        Assert.Equal(0, await pending);
        Assert.Equal('x', stream.ReadByte());
    }

    protected static string Text(ReadOnlySequence<byte> buffer) => Encoding.ASCII.GetString(buffer);

    protected async Task WriteAsync(string text) => await Writer.WriteAsync(Encoding.ASCII.GetBytes(text));

    protected void Put(string text)
    {
        int length = Encoding.ASCII.GetBytes(text, Writer.GetSpan(text.Length));
        Writer.Advance(length);
    }

    protected async Task<string> ReadTextAsync()
    {
        ReadResult result = await Reader.ReadAsync();
        string text = Text(result.Buffer);
        Reader.AdvanceTo(result.Buffer.End);
        return text;
    }

    /// <summary>Writes until a flush has to wait, and gives that flush.</summary>
    protected async Task<ValueTask<FlushResult>[]> FillAsync()
    {
        for (int i = 0; i < 64; i++)
        {
            ValueTask<FlushResult> flush = Writer.WriteAsync(new byte[4_096]);
            if (!flush.IsCompleted)
                return [flush];
            Assert.False((await flush).IsCompleted);
        }

        throw new Xunit.Sdk.XunitException("Nothing ever made a flush wait.");
    }

    protected async Task WriteManyAsync(int total)
    {
        for (int written = 0; written < total; written += 5_000)
            await Writer.WriteAsync(new byte[Math.Min(5_000, total - written)]);
    }
}
