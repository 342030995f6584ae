using System.Runtime.CompilerServices;

namespace UserTcp.AspNetCore.Tests;

/// <summary>Continuations that wait in queues.</summary>
public sealed class IoQueuesTests
{
    private const int Hang = 60_000;
    private const int Threads = 4;
    private const int Each = 20_000;

    /// <summary>The queue falls empty, and is filled again, at any moment of the work item.</summary>
    [Fact(Timeout = Hang)]
    public async Task All_that_is_added_runs_once_in_its_order_and_never_two_at_a_time()
    {
        var queues = new IoQueues(1);
        int[] ran = new int[Threads];
        int inside = 0;
        int wrong = 0;
        var done = new CountdownEvent(Threads * Each);
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                int number = i;
                queues.Schedule(_ => Run(thread, number), done);
            }
        })));

        await Task.Run(done.Wait, TestContext.Current.CancellationToken);
        Assert.Equal(0, wrong);
        Assert.All(ran, static count => Assert.Equal(Each, count));

        void Run(int thread, int number)
        {
            if (Interlocked.Increment(ref inside) != 1 || ran[thread]++ != number)
                Interlocked.Increment(ref wrong);
            Interlocked.Decrement(ref inside);
            done.Signal();
        }
    }

    [Fact(Timeout = Hang)]
    public async Task What_blocks_holds_up_its_own_queue_alone()
    {
        var queues = new IoQueues(2);
        object first = new();
        object second = new();
        while (((RuntimeHelpers.GetHashCode(first) ^ RuntimeHelpers.GetHashCode(second)) & 1) == 0)
        {
            second = new object(); // until it has the other queue
        }

        var mayEnd = new ManualResetEventSlim();
        var ran = new TaskCompletionSource();
        queues.Schedule(_ => mayEnd.Wait(), first);
        queues.Schedule(_ => ran.SetResult(), second);

        await ran.Task;
        mayEnd.Set();
    }

    [Fact(Timeout = Hang)]
    public async Task One_object_has_one_queue()
    {
        var queues = new IoQueues(8);
        object state = new();
        var order = new List<int>();
        var done = new TaskCompletionSource();
        for (int i = 0; i < 1000; i++)
        {
            int number = i;
            queues.Schedule(_ => order.Add(number), state);
        }

        queues.Schedule(_ => done.SetResult(), state);
        await done.Task;
        Assert.Equal(Enumerable.Range(0, 1000), order);
    }
}
