namespace UserTcp.Runtime;

/// <summary>
/// Calls that wait for something to be handed out, served in their order. All but what a <see cref="Waiter"/> is told
/// and tells is under the lock of the owner.
/// </summary>
/// <param name="completions">How the calls are completed.</param>
internal sealed class WaitQueue<T>(
    TaskCreationOptions completions = TaskCreationOptions.RunContinuationsAsynchronously)
    where T : class
{
    private readonly Queue<Waiter> _waiters = new();

    /// <summary>Whether nobody waits. Calls that were cancelled are forgotten here.</summary>
    public bool IsEmpty
    {
        get
        {
            while (_waiters.TryPeek(out Waiter? first) && first.IsDecided)
            {
                _waiters.Dequeue();
            }

            return _waiters.Count == 0;
        }
    }

    public Waiter Add()
    {
        var waiter = new Waiter(completions);
        _waiters.Enqueue(waiter);
        return waiter;
    }

    /// <summary>The first who waits, who cannot be cancelled any more: give it something at once.</summary>
    public Waiter? Take()
    {
        if (IsEmpty)
            return null;

        Waiter waiter = _waiters.Dequeue();
        waiter.TryCancel();
        return waiter;
    }

    /// <summary>Nothing will be handed out any more.</summary>
    public void FailAll(Func<Exception> makeError, WakeList wakes)
    {
        while (!IsEmpty)
        {
            _waiters.Dequeue().Decide(null, makeError(), wakes);
        }
    }

    /// <summary>One call that waits.</summary>
    internal sealed class Waiter(TaskCreationOptions completions) : IWakeTarget
    {
        private readonly TaskCompletionSource<T> _source = new(completions);
        private T? _item;
        private Exception? _error;

        public Task<T> Task => _source.Task;

        /// <summary>Whether its outcome is settled: a cancellation comes too late.</summary>
        public bool IsDecided { get; private set; }

        /// <summary>The outcome, told when the door is left.</summary>
        public void Decide(T? item, Exception? error, WakeList wakes)
        {
            IsDecided = true;
            _item = item;
            _error = error;
            wakes.Add(this, WakeReasons.Decided);
        }

        /// <summary>The caller waits no longer; false if the outcome was settled before.</summary>
        public bool TryCancel()
        {
            bool isFirst = !IsDecided;
            IsDecided = true;
            return isFirst;
        }

        public void Cancel(CancellationToken token) => _source.TrySetCanceled(token);

        void IWakeTarget.Wake(WakeReasons reasons, bool inlineAllowed)
        {
            if (_error is not null)
                _source.TrySetException(_error);
            else
                _source.TrySetResult(_item!);
        }
    }
}
