using System.IO.Pipelines;

namespace UserTcp.Testing.Network;

/// <summary>
/// What is to be run on the simulation's thread: continuations of the application, in its synchronization context, and
/// completions of the stacks, outside of it.
/// </summary>
internal sealed class ApplicationQueue : PipeScheduler
{
    private readonly Queue<Item> _items = new();
    private readonly Context _context;
    private int _thread = Environment.CurrentManagedThreadId;
    private Exception? _intrusion;

    public ApplicationQueue() => _context = new Context(this);

    /// <summary>This thread is the simulation's now.</summary>
    public void Adopt() => _thread = Environment.CurrentManagedThreadId;

    public override void Schedule(Action<object?> action, object? state) =>
        Add(new Item(action, null, state));

    /// <summary>Runs code of the application, as if it were one of its continuations.</summary>
    public Task Start(Func<Task> main)
    {
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            return main();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    /// <summary>Runs what is next; false if there is nothing.</summary>
    public bool TryRunNext()
    {
        if (_intrusion is { } intrusion)
        {
            _intrusion = null;
            throw intrusion;
        }

        if (!_items.TryDequeue(out Item item))
            return false;

        if (item.Completion is not null)
            item.Completion(item.State);
        else
            RunForApplication(item);
        return true;
    }

    private void RunForApplication(in Item item)
    {
        SynchronizationContext.SetSynchronizationContext(_context);
        try
        {
            item.Continuation!(item.State);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    private void Add(in Item item)
    {
        if (Environment.CurrentManagedThreadId == _thread)
        {
            _items.Enqueue(item);
            return;
        }

        _intrusion = new InvalidOperationException(
            "Code of the simulation ran on another thread: with Task.Run, on the thread pool after"
            + " ConfigureAwait(false), or by a timer that is not of SimulatedNetwork.TimeProvider. Such a run does not"
            + " repeat.");
    }

    private readonly record struct Item(Action<object?>? Completion, SendOrPostCallback? Continuation, object? State);

    /// <summary>Brings the application's continuations back to the simulation's thread.</summary>
    private sealed class Context(ApplicationQueue queue) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => queue.Add(new Item(null, d, state));

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("A simulation has one thread: post, or call.");

        public override SynchronizationContext CreateCopy() => this;
    }
}
