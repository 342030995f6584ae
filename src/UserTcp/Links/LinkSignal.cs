using System.Diagnostics;

namespace UserTcp.Links;

/// <summary>
/// The wait of a device without a file descriptor. One thread waits; any thread signals. Signalling a thread that is
/// awake costs a memory barrier.
/// </summary>
/// <remarks>
/// Dekker's pattern: the signaller publishes its news and then looks whether somebody sleeps; the waiter says that it
/// sleeps and then looks for news. With a full fence on both sides at least one of them sees the other.
/// </remarks>
internal sealed class LinkSignal
{
    private readonly object _gate = new();
    private readonly Func<bool> _isReady;
    private int _isWoken;
    private int _isSleeping;

    /// <param name="isReady">Whether there is news; called by the waiting thread only, under no lock that others hold
    /// long.</param>
    public LinkSignal(Func<bool> isReady) => _isReady = isReady;

    /// <summary>Ends the current or the next wait.</summary>
    public void Wake()
    {
        Volatile.Write(ref _isWoken, 1);
        Notify();
    }

    /// <summary>
    /// Makes a sleeping waiter check again whether it is ready. The caller has published the change before.
    /// </summary>
    public void Notify()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _isSleeping) == 0)
            return;

        lock (_gate)
            Monitor.Pulse(_gate);
    }

    /// <summary>Waits for news, a wake-up or the end of the time; true unless it was the time.</summary>
    public bool Wait(TimeSpan timeout)
    {
        if (HasNews())
            return true;
        if (timeout == TimeSpan.Zero)
            return false;

        lock (_gate)
        {
            Volatile.Write(ref _isSleeping, 1);
            Interlocked.MemoryBarrier();
            try
            {
                return Sleep(timeout);
            }
            finally
            {
                Volatile.Write(ref _isSleeping, 0);
            }
        }
    }

    private bool Sleep(TimeSpan timeout)
    {
        long start = Stopwatch.GetTimestamp();
        while (!HasNews())
        {
            TimeSpan left = timeout;
            if (timeout > TimeSpan.Zero)
                left -= Stopwatch.GetElapsedTime(start);
            if (timeout > TimeSpan.Zero && left <= TimeSpan.Zero)
                return false;

            Monitor.Wait(_gate, ToMilliseconds(left));
        }

        return true;
    }

    // Rounded up: a wait that ends too early would spin until the deadline.
    private static int ToMilliseconds(TimeSpan timeout) => timeout < TimeSpan.Zero
        ? Timeout.Infinite
        : (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds));

    private bool HasNews() => Interlocked.Exchange(ref _isWoken, 0) != 0 || _isReady();
}
