namespace UserTcp.Runtime;

/// <summary>
/// Calls that wait for something to be handed out, served in their order. All but
/// <see cref="Waiter.Task"/> under the door.
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

    /// <summary>Hands something to the first who waits; there must be one.</summary>
    public void Serve(T item, WakeList wakes)
    {
        Waiter waiter = _waiters.Dequeue();
        waiter.Decide(item, null);
        wakes.Add(waiter, WakeReasons.Decided);
    }

    /// <summary>Nothing will be handed out any more.</summary>
    public void FailAll(Func<Exception> makeError, WakeList wakes)
    {
        while (!IsEmpty)
        {
            Waiter waiter = _waiters.Dequeue();
            waiter.Decide(null, makeError());
            wakes.Add(waiter, WakeReasons.Decided);
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

        public void Decide(T? item, Exception? error)
        {
            IsDecided = true;
            _item = item;
            _error = error;
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
