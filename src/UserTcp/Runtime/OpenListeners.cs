namespace UserTcp.Runtime;

/// <summary>
/// The listeners of a stack. Thread-safe, also under a door: the lock is held for a few assignments, and no other is
/// taken inside.
/// </summary>
internal sealed class OpenListeners
{
    private readonly Lock _gate = new();
    private readonly HashSet<RunningListener> _listeners = [];

    /// <summary>All of them, as they are now.</summary>
    public RunningListener[] All
    {
        get
        {
            lock (_gate)
                return [.. _listeners];
        }
    }

    public void Add(RunningListener listener)
    {
        lock (_gate)
            _listeners.Add(listener);
    }

    public void Remove(RunningListener listener)
    {
        lock (_gate)
            _listeners.Remove(listener);
    }
}
