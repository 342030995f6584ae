namespace UserTcp.Primitives;

/// <summary>
/// A point on the stack's monotonic clock, in ticks of 100 ns since an origin that means nothing. Never wall-clock
/// time; differences are <see cref="TimeSpan"/>s.
/// </summary>
internal readonly record struct Instant(long Ticks)
{
    /// <summary>Later than every deadline: a timer that is not armed.</summary>
    public static readonly Instant Never = new(long.MaxValue);

    public bool IsNever => Ticks == long.MaxValue;

    public static Instant operator +(Instant a, TimeSpan b) => new(a.Ticks + b.Ticks);

    public static Instant operator -(Instant a, TimeSpan b) => new(a.Ticks - b.Ticks);

    public static TimeSpan operator -(Instant a, Instant b) => new(a.Ticks - b.Ticks);

    public static bool operator <(Instant a, Instant b) => a.Ticks < b.Ticks;

    public static bool operator >(Instant a, Instant b) => a.Ticks > b.Ticks;

    public static bool operator <=(Instant a, Instant b) => a.Ticks <= b.Ticks;

    public static bool operator >=(Instant a, Instant b) => a.Ticks >= b.Ticks;

    public static Instant Min(Instant a, Instant b) => a.Ticks <= b.Ticks ? a : b;

    public static Instant Max(Instant a, Instant b) => a.Ticks >= b.Ticks ? a : b;

    /// <summary>Milliseconds since the origin, for the timestamp clock (RFC 7323 §5.4).</summary>
    public long Milliseconds => Ticks / TimeSpan.TicksPerMillisecond;

    /// <summary>The value of the timestamp clock (RFC 7323) at this instant.</summary>
    public Instant FloorToMillisecond() => new(Ticks - Ticks % TimeSpan.TicksPerMillisecond);

    public override string ToString() => IsNever ? "never" : new TimeSpan(Ticks).ToString();
}
