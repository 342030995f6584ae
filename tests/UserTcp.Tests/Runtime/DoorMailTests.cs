using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Runtime;
using UserTcp.Tcp;
using UserTcp.Tests.Api;

namespace UserTcp.Tests.Runtime;

/// <summary>No caller of a pipe waits for the door: what it asks for is served by the thread that is inside.</summary>
public sealed class DoorMailTests : TurnBench
{
    private const int Hang = 120_000;

    [Fact(Timeout = Hang)]
    public async Task Every_call_of_a_pipe_returns_while_another_thread_is_inside()
    {
        RunningConnection client = Connect(out RunningConnection server);
        client.Writer.Write(new byte[10]);
        server.Writer.Write("hello"u8.ToArray());
        TurnUntil(() => Reads(server, 10));
        DrainTurns();
        Assert.Equal(0, client.Look((core, _) => core.Send.Unacknowledged)); // its memory was given back

        await WhileHeldAsync(Client, async () =>
        {
            client.Writer.GetMemory(100_000);
            Assert.True(client.Reader.TryRead(out ReadResult read));
            Assert.Equal("hello"u8.ToArray(), read.Buffer.ToArray());
            client.Reader.AdvanceTo(read.Buffer.End);
            Assert.False(client.Reader.TryRead(out _));
            await AssertCancelledAsync(token => client.Reader.ReadAsync(token).AsTask());
            Task<ReadResult> waiting = client.Reader.ReadAsync().AsTask();
            client.Reader.CancelPendingRead();
            Assert.True((await waiting).IsCanceled);

            Assert.True(client.Writer.WriteAsync(new byte[100]).IsCompletedSuccessfully);
            Assert.True(client.Writer.FlushAsync().IsCompletedSuccessfully);
            await AssertCancelledAsync(token => client.Writer.WriteAsync(new byte[10_000_000], token).AsTask());
            Task<FlushResult> flushing = client.Writer.FlushAsync().AsTask();
            client.Writer.CancelPendingFlush();
            Assert.True((await flushing).IsCanceled);
            client.Writer.Complete();
            client.Reader.Complete();
        });

        TurnUntil(() => Count(server) == 10_000_100);
        TurnUntil(() => server.Reader.TryRead(out ReadResult end) && end is { IsCompleted: true, Buffer.IsEmpty: true });
    }

    [Fact(Timeout = Hang)]
    public async Task Consuming_everything_and_letting_go_is_FIN_and_not_a_reset()
    {
        RunningConnection client = Connect(out RunningConnection server);
        server.Writer.Write("hello"u8.ToArray());
        ReadResult read = default;
        TurnUntil(() => client.Reader.TryRead(out read));
        await WhileHeldAsync(Client, () =>
        {
            client.Reader.AdvanceTo(read.Buffer.End);
            client.Detach();
            return Task.CompletedTask;
        });

        TurnUntil(() => server.Reader.TryRead(out ReadResult end) && end.IsCompleted);
        Assert.Equal(TcpState.CloseWait, server.State);
    }

    [Fact(Timeout = Hang)]
    public async Task A_reason_for_an_abort_is_what_reads_give_though_the_connection_is_let_go_of()
    {
        RunningConnection client = Connect(out _);
        Task<ReadResult> read = client.Reader.ReadAsync().AsTask();
        var reason = new TimeoutException();
        await WhileHeldAsync(Client, () =>
        {
            client.Abort(reason);
            client.Detach();
            return Task.CompletedTask;
        });

        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read);
        Assert.Same(reason, error.InnerException);
    }

    [Fact(Timeout = Hang)]
    public async Task A_reason_for_an_abort_is_what_flushes_give_though_the_connection_is_let_go_of()
    {
        RunningConnection client = Connect(out _);
        Task<FlushResult> flush = client.Writer.WriteAsync(new byte[10_000_000]).AsTask();
        var reason = new TimeoutException();
        await WhileHeldAsync(Client, () =>
        {
            client.Abort(reason);
            client.Detach();
            Assert.False(flush.IsCompleted);
            return Task.CompletedTask;
        });

        Assert.True((await flush).IsCompleted);
        Assert.Equal(UserTcpCloseReason.ResetByLocal, client.Writer.CloseReason);
        Assert.Same(reason, client.Writer.Cause);
        Assert.False(client.Writer.IsEndedByDisposal);
    }

    [Fact(Timeout = Hang)]
    public async Task A_completion_with_an_error_is_a_reset_though_the_connection_is_let_go_of()
    {
        RunningConnection client = Connect(out _);
        Task<ReadResult> read = client.Reader.ReadAsync().AsTask();
        await WhileHeldAsync(Client, () =>
        {
            client.Writer.Complete(new TimeoutException());
            client.Detach();
            return Task.CompletedTask;
        });

        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read);
        Assert.Equal(SocketError.ConnectionAborted, error.SocketErrorCode);
        Assert.Equal(UserTcpCloseReason.ResetByLocal, error.CloseReason);
    }

    [Fact(Timeout = Hang)]
    public async Task Text_that_comes_between_an_abort_and_its_service_does_not_end_a_read_without_a_reason()
    {
        // Inline: what a turn decides is told at its end.
        RunningConnection client = Connect(
            out RunningConnection server, Defaults with { Scheduler = PipeScheduler.Inline });
        Task<ReadResult> read = client.Reader.ReadAsync().AsTask();
        client.End.AskAbort();
        client.End.OnLetGo();
        Assert.False(client.Reader.OnLetGo()); // its abort is on the way
        server.Writer.Write("late"u8.ToArray());
        DrainTurns();
        Assert.False(read.IsCompleted);

        client.Abort(null);
        var error = await Assert.ThrowsAsync<UserTcpConnectionException>(() => read);
        Assert.Equal(UserTcpCloseReason.ResetByLocal, error.CloseReason);
    }

    [Fact(Timeout = Hang)]
    public async Task Text_that_was_flushed_leaves_before_the_stack_stops()
    {
        RunningConnection client = Connect(out RunningConnection server);
        DrainTurns();
        var stop = new Thread(() => Client.Stop());
        await WhileHeldAsync(Client, () =>
        {
            Assert.True(client.Writer.WriteAsync("last"u8.ToArray()).IsCompletedSuccessfully);
            stop.Start(); // it waits for the door
            SpinWait.SpinUntil(() => Client.Shards[0].Door.Waiting == 1);
            return Task.CompletedTask;
        });
        stop.Join();
        TurnUntil(() => server.Reader.TryRead(out ReadResult read) && read.Buffer.Length == 4);
    }

    [Theory]
    [InlineData(20, new[] { 20 })]
    [InlineData(100, new[] { 64, 36 })] // nobody's segments wait for more than 64 others
    public async Task The_thread_inside_sends_for_all_who_posted_meanwhile(int count, int[] batches)
    {
        RunningConnection[] clients = [.. Enumerable.Range(0, count).Select(_ => Connect(out RunningConnection _))];
        DrainTurns();
        var sent = new List<int>();
        Link.Transmitting = sent.Add;
        await WhileHeldAsync(Client, () =>
        {
            foreach (RunningConnection client in clients)
            {
                Assert.True(client.Writer.WriteAsync(new byte[1]).IsCompletedSuccessfully);
            }

            return Task.CompletedTask;
        });

        Link.Transmitting = null;
        Assert.Equal(batches, sent);
    }

    [Fact]
    public async Task A_thread_leaves_to_the_loop_what_many_post_at_once()
    {
        RunningConnection[] clients = [.. Enumerable.Range(0, 330).Select(_ => Connect(out RunningConnection _))];
        DrainTurns();
        int sent = 0;
        Link.Transmitting = frames => sent += frames;
        await WhileHeldAsync(Client, () =>
        {
            Array.ForEach(clients, client => client.Writer.WriteAsync(new byte[1]).AsTask());
            return Task.CompletedTask;
        });

        Assert.Equal(5 * 64, sent);
        Assert.Equal(TimeSpan.Zero, Client.UntilNextTurn);
        Assert.True(Client.Turn());
        Assert.Equal(330, sent);
        Link.Transmitting = null;
    }

    [Fact]
    public void A_caller_that_is_interrupted_at_the_door_leaves_a_turn_to_the_loop()
    {
        RunningConnection client = Connect(out _);
        DrainTurns();
        Assert.NotEqual(TimeSpan.Zero, Client.UntilNextTurn);
        var interrupted = new Thread(() => Assert.Throws<ThreadInterruptedException>(() => client.Describe()));
        using (Door.Visit visit = Client.Shards[0].Door.Enter())
        {
            interrupted.Start();
            Assert.True(SpinWait.SpinUntil(() => Client.Shards[0].Door.Waiting == 1, StackPair.Guard));
            interrupted.Interrupt();
            interrupted.Join();
        }

        Assert.Equal(0, Client.Shards[0].Door.Waiting);
        Assert.Equal(TimeSpan.Zero, Client.UntilNextTurn);
        Assert.True(Client.Turn());
        Assert.NotEqual(TimeSpan.Zero, Client.UntilNextTurn);
    }

    private static async Task WhileHeldAsync(RunningStack stack, Func<Task> calls)
    {
        using var isInside = new ManualResetEventSlim();
        using var mayLeave = new ManualResetEventSlim();
        var holder = new Thread(() =>
        {
            using Door.Visit visit = stack.Shards[0].Door.Enter();
            isInside.Set();
            mayLeave.Wait(StackPair.Guard);
        });
        holder.Start();
        isInside.Wait();
        try
        {
            await Task.Run(calls).WaitAsync(StackPair.Guard);
        }
        finally
        {
            mayLeave.Set();
            holder.Join();
        }
    }

    private static async Task AssertCancelledAsync(Func<CancellationToken, Task> call)
    {
        using var source = new CancellationTokenSource();
        Task task = call(source.Token);
        Assert.False(task.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
    }

    private long _counted;

    private long Count(RunningConnection connection)
    {
        if (connection.Reader.TryRead(out ReadResult result))
        {
            _counted += result.Buffer.Length;
            connection.Reader.AdvanceTo(result.Buffer.End);
        }

        return _counted;
    }
}
