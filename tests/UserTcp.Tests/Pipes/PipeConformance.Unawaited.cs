using System.IO.Pipelines;

namespace UserTcp.Tests.Pipes;

/// <summary>Flushes and reads that were begun and never awaited.</summary>
public abstract partial class PipeConformance
{
    [Fact(Timeout = Hang)]
    public async Task A_flush_that_nobody_awaits_does_not_break_the_writer()
    {
        Assert.False((await FillAsync())[0].IsCompleted);
        await DrainAsync();

        FlushResult result = await Writer.WriteAsync("on"u8.ToArray());
        Assert.Equal((false, false), (result.IsCanceled, result.IsCompleted));
        Assert.Equal("on", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_flush_that_nobody_awaits_breaks_the_writer_at_no_moment()
    {
        for (int round = 0; round < 500; round++)
        {
            Put(new string('x', 40_000));
            _ = Writer.FlushAsync();
            Put(new string('y', 40_000));
            ValueTask<FlushResult> pending = Writer.FlushAsync();
            Task<long> draining = Task.Run(DrainAsync);
            for (int again = 0; again < round % 4; again++)
                pending = Writer.FlushAsync();

            await draining;
            Assert.False((await pending).IsCompleted);
            await DrainAsync();
        }
    }

    [Fact(Timeout = Hang)]
    public async Task Two_flushes_at_once_are_both_awaited_in_their_order()
    {
        ValueTask<FlushResult> first = (await FillAsync())[0];
        ValueTask<FlushResult> second = Writer.WriteAsync("last"u8.ToArray());
        Assert.False(second.IsCompleted);
        await DrainAsync();

        Assert.False((await first).IsCompleted);
        Assert.False((await second).IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task An_earlier_flush_is_awaited_after_a_later_one_has_completed()
    {
        ValueTask<FlushResult> first = (await FillAsync())[0];
        await DrainAsync();

        Assert.False((await Writer.FlushAsync()).IsCompleted);
        Assert.False((await first).IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task The_cancellation_of_a_flush_that_nobody_awaits_meets_the_next_one_only()
    {
        Assert.False((await FillAsync())[0].IsCompleted);
        Writer.CancelPendingFlush();

        Assert.True((await Writer.FlushAsync()).IsCanceled);
        await DrainAsync();
        Assert.False((await Writer.FlushAsync()).IsCanceled);
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_that_ended_a_flush_that_nobody_awaits_cancels_the_next_one_only()
    {
        using var source = new CancellationTokenSource();
        Put(new string('x', 300_000));
        Assert.False(Writer.FlushAsync(source.Token).IsCompleted);
        await source.CancelAsync();

        Assert.True((await Writer.FlushAsync()).IsCanceled);
        await DrainAsync();
        Assert.False((await Writer.FlushAsync()).IsCanceled);
    }

    [Fact(Timeout = Hang)]
    public async Task Only_the_last_token_ends_the_flush_that_goes_on()
    {
        using var old = new CancellationTokenSource();
        using var source = new CancellationTokenSource();
        Put(new string('x', 300_000));
        Assert.False(Writer.FlushAsync(old.Token).IsCompleted);
        ValueTask<FlushResult> pending = Writer.FlushAsync(source.Token);
        Assert.False(pending.IsCompleted);
        await source.CancelAsync();

        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await pending);
        Assert.Equal(source.Token, error.CancellationToken);
        await old.CancelAsync();
        await DrainAsync();
        Assert.False((await Writer.FlushAsync()).IsCanceled);
    }

    [Fact(Timeout = Hang)]
    public async Task A_reader_that_left_completes_the_flush_after_one_that_nobody_awaits()
    {
        Assert.False((await FillAsync())[0].IsCompleted);
        await Reader.CompleteAsync();

        Assert.True((await Writer.FlushAsync()).IsCompleted);
    }

    [Fact(Timeout = Hang)]
    public async Task What_a_read_that_nobody_awaits_was_to_get_is_read_by_the_next()
    {
        Assert.False(Reader.ReadAsync().IsCompleted);
        await WriteAsync("kept");

        Assert.Equal("kept", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task What_a_read_that_nobody_awaits_was_to_get_can_be_tried_for()
    {
        Assert.False(Reader.ReadAsync().IsCompleted);
        Assert.Throws<InvalidOperationException>(() => Reader.TryRead(out _));
        await WriteAsync("kept");

        Assert.True(Reader.TryRead(out ReadResult result));
        Assert.Equal("kept", Text(result.Buffer));
    }

    [Fact(Timeout = Hang)]
    public async Task A_read_goes_on_with_the_wait_of_one_that_nobody_awaits()
    {
        Assert.False(Reader.ReadAsync().IsCompleted);
        ValueTask<ReadResult> pending = Reader.ReadAtLeastAsync(4);
        Assert.False(pending.IsCompleted);
        await WriteAsync("abc");
        await WriteAsync("de");

        ReadResult result = await pending;
        Assert.StartsWith("abcd", Text(result.Buffer), StringComparison.Ordinal);
    }

    [Fact(Timeout = Hang)]
    public async Task The_cancellation_of_a_read_that_nobody_awaits_meets_the_next_one_only()
    {
        Assert.False(Reader.ReadAsync().IsCompleted);
        Reader.CancelPendingRead();

        Assert.True((await Reader.ReadAsync()).IsCanceled);
        await WriteAsync("on");
        Assert.Equal("on", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task A_token_that_ended_a_read_that_nobody_awaits_cancels_the_next_one_only()
    {
        using var source = new CancellationTokenSource();
        Assert.False(Reader.ReadAsync(source.Token).IsCompleted);
        await source.CancelAsync();

        Assert.True((await Reader.ReadAsync()).IsCanceled);
        await WriteAsync("on");
        Assert.Equal("on", await ReadTextAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task Nothing_is_advanced_over_before_the_read_is_awaited()
    {
        ValueTask<ReadResult> pending = Reader.ReadAsync();
        await WriteAsync("x");

        Assert.Throws<InvalidOperationException>(() => Reader.AdvanceTo(default));
        Assert.Equal("x", Text((await pending).Buffer));
    }
}
