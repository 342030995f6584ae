namespace UserTcp.Tests.Diagnostics;

/// <summary>A clock that stands still, and timers that a test fires.</summary>
internal sealed class ManualTimers : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private TaskCompletionSource _changed = NewSource();

    /// <summary>Waits until a timer runs, then fires all that do.</summary>
    public async Task FireAsync()
    {
        while (true)
        {
            Timer[] due;
            Task changed;
            lock (_lock)
            {
                changed = _changed.Task;
                due = [.. _timers];
            }

            if (due.Length == 0)
            {
                await changed;
                continue;
            }

            foreach (Timer timer in due)
            {
                timer.Dispose();
                timer.Fire();
            }

            return;
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        lock (_lock)
        {
            _timers.Add(timer);
            _changed.SetResult();
            _changed = NewSource();
        }

        return timer;
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Timer(ManualTimers owner, Action fire) : ITimer
    {
        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
            lock (owner._lock)
                owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
