using System.Diagnostics.Tracing;
using UserTcp.Testing;
using UserTcp.Testing.Rules;

namespace UserTcp.Simulation.Tests;

/// <summary>A simulation has one thread: the runtime itself tells who hands something to the pool.</summary>
public sealed class ThreadPoolTests
{
    [Fact(Timeout = 300_000)]
    public async Task Nothing_is_ever_handed_to_the_thread_pool()
    {
        using var listener = new PoolListener();
        // The pool notices the listener when a worker of it begins anew: busy ones may take their time.
        do
            await Task.Run(() => { });
        while (CountDuring(listener, () => ThreadPool.QueueUserWorkItem(_ => { })) == 0);

        Assert.Equal(0, CountDuring(listener, Simulate));
    }

    [Fact]
    public void Code_that_strays_to_the_pool_is_noticed()
    {
        using var network = new SimulatedNetwork();
        using var isAwaited = new ManualResetEventSlim();
        using var strayed = new ManualResetEventSlim();
        var source = new TaskCompletionSource();
        Assert.Throws<InvalidOperationException>(() => network.Run(async () =>
        {
            _ = Task.Run(() =>
            {
                isAwaited.Wait();
                source.SetResult();
                strayed.Set();
            });
            // Time goes on only once the code waits, so that it is the pool that resumes it.
            network.Schedule(TimeSpan.FromSeconds(1), () =>
            {
                isAwaited.Set();
                strayed.Wait();
            });
            await source.Task;
        }));
    }

    private static int CountDuring(PoolListener listener, Action action)
    {
        listener.Begin();
        action();
        return listener.End();
    }

    // Connect, accept, read, write, time out, cancel, close: everything that wakes somebody.
    private static void Simulate()
    {
        using var network = new SimulatedNetwork(5);
        (SimulatedHost server, SimulatedHost client) = StackTests.Pair(network);
        client.Link.Add(new RandomLoss(0.05));
        StackTests.Transfer(network, server, client);
        network.Run(async () =>
        {
            await client.Stack.PingAsync(server.Address);
            using var cancellation = new CancellationTokenSource();
            UserTcpListener listener = await server.Stack.ListenAsync(8);
            Task<UserTcpConnection> accept = listener.AcceptAsync(cancellation.Token).AsTask();
            await Task.Yield();
            cancellation.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept);
            Task<UserTcpConnection> second = listener.AcceptAsync().AsTask();
            UserTcpConnection connection = await client.Stack.ConnectAsync(server.Address, 8);
            UserTcpConnection accepted = await second;
            Task<System.IO.Pipelines.ReadResult> read = accepted.Input.ReadAsync().AsTask();
            connection.Abort();
            await Assert.ThrowsAnyAsync<IOException>(() => read);
            await connection.Closed;
            await listener.DisposeAsync();
            await client.Stack.DisposeAsync();
            await server.Stack.DisposeAsync();
        });
    }

    private sealed class PoolListener : EventListener
    {
        private const EventKeywords ThreadPoolKeywords = (EventKeywords)0x12; // ThreadPool, ThreadTransfer

        [ThreadStatic]
        private static int t_queued;

        [ThreadStatic]
        private static bool t_counts;

        public void Begin()
        {
            t_queued = 0;
            t_counts = true;
        }

        public int End()
        {
            t_counts = false;
            return t_queued;
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "System.Diagnostics.Eventing.FrameworkEventSource")
                EnableEvents(eventSource, EventLevel.Verbose, ThreadPoolKeywords);
        }

        // On the thread that queues.
        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (t_counts && eventData.EventName?.StartsWith("ThreadPoolEnqueue", StringComparison.Ordinal) == true)
                t_queued++;
        }
    }
}
