using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Pipes;

/// <summary>Where continuations run, and that waiting costs no memory.</summary>
public sealed class PipeSchedulingTests
{
    private const int Hang = 300_000;

    [Fact(Timeout = Hang)]
    public async Task By_default_a_continuation_runs_on_the_pool_and_never_on_the_thread_that_left_the_door()
    {
        var door = new LoopbackDoor { IsLoop = true };
        Task<(Thread Thread, bool IsPool)> reading = WhereAsync(door.Reader);
        var loop = new Thread(() => Write(door));
        loop.Start();
        loop.Join();

        (Thread thread, bool isPool) = await reading;
        Assert.True(isPool);
        Assert.NotSame(loop, thread); // not by its number: a pool's new thread may get that of one that ended;
    }

    [Fact]
    public async Task Inline_runs_on_the_loops_thread_before_the_turn_returns()
    {
        var door = new LoopbackDoor(PipeScheduler.Inline) { IsLoop = true };
        Task<(Thread Thread, bool IsPool)> reading = WhereAsync(door.Reader);
        Write(door);

        Thread here = Thread.CurrentThread;
        Assert.True(reading.IsCompletedSuccessfully);
        Assert.Same(here, (await reading).Thread);
    }

    [Fact(Timeout = Hang)]
    public async Task Inline_is_not_for_an_applications_thread()
    {
        var door = new LoopbackDoor(PipeScheduler.Inline);
        Task<(Thread Thread, bool IsPool)> reading = WhereAsync(door.Reader);
        var application = new Thread(() => Write(door));
        application.Start();
        application.Join();

        (Thread thread, bool isPool) = await reading;
        Assert.True(isPool);
        Assert.NotSame(application, thread);
    }

    [Fact(Timeout = Hang)]
    public async Task Inline_is_one_level_deep()
    {
        var outer = new LoopbackDoor(PipeScheduler.Inline) { IsLoop = true };
        var inner = new LoopbackDoor(PipeScheduler.Inline) { IsLoop = true };
        int depth = 0;
        int innerDepth = -1;
        Task innerReading = InnerAsync();
        Task outerReading = OuterAsync();
        Write(outer);

        await outerReading;
        await innerReading;
        Assert.Equal(0, innerDepth);

        async Task InnerAsync()
        {
            await inner.Reader.ReadAsync().ConfigureAwait(false);
            innerDepth = Environment.CurrentManagedThreadId == Volatile.Read(ref depth) ? 1 : 0;
        }

        async Task OuterAsync()
        {
            await outer.Reader.ReadAsync().ConfigureAwait(false);
            Volatile.Write(ref depth, Environment.CurrentManagedThreadId);
            Write(inner);
            Volatile.Write(ref depth, 0);
        }
    }

    [Fact]
    public async Task A_scheduler_of_the_applications_own_gets_every_continuation()
    {
        var scheduler = new ManualScheduler();
        var door = new LoopbackDoor(scheduler) { IsLoop = true };
        Task<(Thread Thread, bool IsPool)> reading = WhereAsync(door.Reader);
        Write(door);
        Assert.False(reading.IsCompleted);

        Thread here = Thread.CurrentThread;
        scheduler.Run();
        Assert.True(reading.IsCompletedSuccessfully);
        Assert.Same(here, (await reading).Thread);
    }

    [Fact]
    public void A_context_that_was_captured_gets_the_continuation()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        var context = new CountingContext();
        var scheduler = new ManualScheduler();
        var door = new LoopbackDoor(scheduler);
        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            Task reading = InContextAsync(door.Reader);
            SynchronizationContext.SetSynchronizationContext(before);
            Write(door);
            scheduler.Run();

            Assert.True(reading.IsCompletedSuccessfully);
            Assert.Equal(1, context.Posts);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
    }

    [Fact]
    public void Reads_and_flushes_that_need_not_wait_allocate_nothing()
    {
        var door = new LoopbackDoor();
        AssertAllocatesNothing(() =>
        {
            Write(door);
            Assert.True(door.Reader.TryRead(out ReadResult result));
            door.Reader.AdvanceTo(result.Buffer.End);
            Write(door);
            result = door.Reader.ReadAsync().GetAwaiter().GetResult();
            door.Reader.AdvanceTo(result.Buffer.End);
        });
    }

    [Fact]
    public void Reads_that_wait_allocate_nothing()
    {
        var scheduler = new ManualScheduler();
        var door = new LoopbackDoor(scheduler);
        using var source = new CancellationTokenSource();
        int continued = 0;
        Action continuation = () => continued++;
        AssertAllocatesNothing(() =>
        {
            var awaiter = door.Reader.ReadAsync(source.Token).ConfigureAwait(false).GetAwaiter();
            Assert.False(awaiter.IsCompleted);
            awaiter.UnsafeOnCompleted(continuation);
            Write(door);
            scheduler.Run();
            door.Reader.AdvanceTo(awaiter.GetResult().Buffer.End);
        });
        Assert.NotEqual(0, continued);
    }

    [Fact]
    public void Flushes_that_wait_allocate_nothing()
    {
        var scheduler = new ManualScheduler();
        var door = new LoopbackDoor(scheduler, receiveBufferBytes: 1_000, sendBufferBytes: 1_000);
        using var source = new CancellationTokenSource();
        int continued = 0;
        Action continuation = () => continued++;
        AssertAllocatesNothing(() =>
        {
            door.Writer.GetSpan(3_000);
            door.Writer.Advance(3_000);
            var awaiter = door.Writer.FlushAsync(source.Token).ConfigureAwait(false).GetAwaiter();
            Assert.False(awaiter.IsCompleted);
            awaiter.UnsafeOnCompleted(continuation);
            while (door.Reader.TryRead(out ReadResult result))
                door.Reader.AdvanceTo(result.Buffer.End);
            scheduler.Run();
            awaiter.GetResult();
        });
        Assert.NotEqual(0, continued);
    }

    private static void Write(LoopbackDoor door)
    {
        door.Writer.GetSpan(100)[..100].Fill(1);
        door.Writer.Advance(100);
        Assert.True(door.Writer.FlushAsync().IsCompleted);
    }

    [Fact]
    public async Task An_abort_and_a_disposal_right_after_it_give_the_reason_to_the_read_that_waited()
    {
        var scheduler = new ManualScheduler();
        var door = new LoopbackDoor(scheduler);
        var cause = new TimeoutException("too slow");
        ValueTask<ReadResult> pending = door.Reader.ReadAsync();
        door.Turn(() => door.Close(UserTcpCloseReason.ResetByLocal, cause));
        door.Turn(door.Dispose);
        scheduler.Run();

        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(async () => await pending);
        Assert.Same(cause, error.InnerException);
        Assert.Equal(SocketError.ConnectionAborted, error.SocketErrorCode);
    }

    private static async Task<(Thread Thread, bool IsPool)> WhereAsync(PipeReader reader)
    {
        // The test runner has a context of its own, which would take the continuation.
        await reader.ReadAsync().ConfigureAwait(false);
        return (Thread.CurrentThread, Thread.CurrentThread.IsThreadPoolThread);
    }

    private static async Task InContextAsync(PipeReader reader) => await reader.ReadAsync();

    private static void AssertAllocatesNothing(Action action) => Allocation.IsNone(action);

    private sealed class ManualScheduler : PipeScheduler
    {
        private Action<object?>? _action;
        private object? _state;

        public override void Schedule(Action<object?> action, object? state)
        {
            Assert.Null(_action);
            (_action, _state) = (action, state);
        }

        public void Run()
        {
            Action<object?>? action = _action;
            _action = null;
            Assert.NotNull(action);
            action(_state);
        }
    }

    private sealed class CountingContext : SynchronizationContext
    {
        public int Posts { get; private set; }

        public override void Post(SendOrPostCallback d, object? state)
        {
            Posts++;
            d(state);
        }
    }
}
