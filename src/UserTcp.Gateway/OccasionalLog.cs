namespace UserTcp.Gateway;

/// <summary>Lets a message through once in a while, whatever the network does. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal sealed class OccasionalLog(TimeProvider time)
{
    /// <summary>The least time between two messages.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _last;

    /// <summary>Whether it is time for a message; then the next one waits.</summary>
    public bool IsDue()
    {
        lock (_lock)
        {
            if (_last is long last && time.GetElapsedTime(last) < Interval)
                return false;

            _last = time.GetTimestamp();
            return true;
        }
    }
}
