using System.IO.Pipelines;

namespace UserTcp.Fuzz.Machine;

/// <summary>Continuations of the application and completions of the stack, in their order, on one thread.</summary>
internal sealed class FuzzScheduler : PipeScheduler
{
    private readonly Queue<(Action<object?> Action, object? State)> _items = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public bool IsEmpty => _items.Count == 0;

    public override void Schedule(Action<object?> action, object? state)
    {
        if (Environment.CurrentManagedThreadId != _thread)
            throw new FuzzViolationException("Something ran on another thread: the execution would not repeat.");

        _items.Enqueue((action, state));
    }

    public bool TryRun()
    {
        if (!_items.TryDequeue(out (Action<object?> Action, object? State) item))
            return false;

        item.Action(item.State);
        return true;
    }
}
