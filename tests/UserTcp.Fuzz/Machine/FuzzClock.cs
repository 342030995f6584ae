namespace UserTcp.Fuzz.Machine;

/// <summary>
/// Virtual time. It moves when the execution says so; timers fire one at a time, when they are asked.
/// </summary>
internal sealed class FuzzClock : TimeProvider
{
    private static readonly DateTimeOffset s_epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly List<FuzzTimer> _timers = [];

    public long Ticks { get; private set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>When the next timer is due; <see cref="long.MaxValue"/> if there is none.</summary>
    public long NextDue
    {
        get
        {
            long next = long.MaxValue;
            foreach (FuzzTimer timer in _timers)
            {
                next = Math.Min(next, timer.Due);
            }

            return next;
        }
    }

    public override long GetTimestamp() => Ticks;

    public override DateTimeOffset GetUtcNow() => s_epoch.AddTicks(Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FuzzTimer(this, callback, state);
        _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    public void MoveTo(long ticks) => Ticks = Math.Max(Ticks, ticks);

    /// <summary>Fires one timer that is due; false if there is none.</summary>
    public bool TryFire()
    {
        foreach (FuzzTimer timer in _timers)
        {
            if (timer.Due > Ticks)
                continue;

            timer.Fire();
            return true;
        }

        return false;
    }

    private sealed class FuzzTimer(FuzzClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period;

        public long Due { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : clock.Ticks + dueTime.Ticks;
            return true;
        }

        public void Fire()
        {
            Due = _period > TimeSpan.Zero ? clock.Ticks + _period.Ticks : long.MaxValue;
            callback(state);
        }

        public void Dispose() => clock._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
