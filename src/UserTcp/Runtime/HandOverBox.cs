using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// Copies of packets that others have for one shard, in the order of each shard that brought some. Bounded: a device
/// that cannot steer makes a stack slow and never wrong. Thread-safe; the lock is held for the moves only.
/// </summary>
internal sealed class HandOverBox
{
    private const int MaxCount = 1024;
    private const long MaxBytes = 8 << 20;

    private readonly Lock _gate = new();
    private readonly Queue<HandOver> _queue = new();
    private long _bytes;
    private long _refused;
    private int _count; // of the queue and the refused ones, for a look without the lock

    /// <summary>Whether there is nothing to take. Others may add at any time.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <summary>Puts one in; one that finds no room is given back and counted.</summary>
    public void Add(in HandOver handOver)
    {
        lock (_gate)
        {
            _count++;
            if (_queue.Count < MaxCount && _bytes + handOver.Bytes.Length <= MaxBytes)
            {
                _bytes += handOver.Bytes.Length;
                _queue.Enqueue(handOver);
                return;
            }

            _refused++;
        }

        handOver.Return();
    }

    /// <summary>Takes up to so many out, the oldest first.</summary>
    /// <param name="taken">Gets them; each has to be returned.</param>
    /// <param name="most">How many.</param>
    /// <param name="refused">How many found no room since the last time.</param>
    /// <returns>Whether more are left.</returns>
    public bool TakeTo(List<HandOver> taken, int most, out long refused)
    {
        lock (_gate)
        {
            for (; most > 0 && _queue.TryDequeue(out HandOver handOver); most--)
            {
                _bytes -= handOver.Bytes.Length;
                taken.Add(handOver);
            }

            refused = _refused;
            _refused = 0;
            _count = _queue.Count;
            return _queue.Count > 0;
        }
    }
}
