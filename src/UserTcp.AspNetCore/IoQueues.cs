using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace UserTcp.AspNetCore;

/// <summary>
/// Continuations in a few queues, each of which is emptied by one work item of the thread pool at a time. A pipe half
/// has one queue, so its continuations run in their order.
/// </summary>
internal sealed class IoQueues : PipeScheduler
{
    private readonly IoQueue[] _queues;

    public IoQueues(int count)
    {
        _queues = new IoQueue[count];
        for (int i = 0; i < count; i++)
        {
            _queues[i] = new IoQueue();
        }
    }

    public override void Schedule(Action<object?> action, object? state) =>
        _queues[(uint)RuntimeHelpers.GetHashCode(state) % (uint)_queues.Length].Add(action, state);

    private sealed class IoQueue : IThreadPoolWorkItem
    {
        private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _work = new();
        private int _isQueued;

        public void Add(Action<object?> action, object? state)
        {
            _work.Enqueue((action, state));
            QueueUnlessQueued();
        }

        public void Execute()
        {
            while (_work.TryDequeue(out (Action<object?> Action, object? State) next))
            {
                next.Action(next.State);
            }

            // A thread that adds from here on queues the item anew. This look finds the work that was added before.
            Interlocked.Exchange(ref _isQueued, 0);
            if (!_work.IsEmpty)
                QueueUnlessQueued();
        }

        private void QueueUnlessQueued()
        {
            if (Interlocked.Exchange(ref _isQueued, 1) == 0)
                System.Threading.ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }
}
