using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// The only reader of the time: the timestamps of a <see cref="TimeProvider"/> as <see cref="Instant"/>s. Thread-safe.
/// </summary>
internal sealed class MonotonicClock
{
    /// <summary>The origin is not 0, so that an instant that was never set is always in the past.</summary>
    private static readonly TimeSpan s_origin = TimeSpan.FromSeconds(1);

    private readonly long _start;

    public MonotonicClock(TimeProvider provider)
    {
        Provider = provider;
        _start = provider.GetTimestamp();
    }

    public TimeProvider Provider { get; }

    /// <summary>Whether time passes by itself: deadlines can be slept to.</summary>
    public bool IsSystem => ReferenceEquals(Provider, TimeProvider.System);

    public Instant Now => new((s_origin + Provider.GetElapsedTime(_start)).Ticks);
}
