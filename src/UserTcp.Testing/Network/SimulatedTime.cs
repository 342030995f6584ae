using UserTcp.Primitives;

namespace UserTcp.Testing.Network;

/// <summary>The network's clock, and that of one host, which may have jumped ahead of it.</summary>
internal sealed class SimulatedTime(SimulatedNetwork network, Station? host = null) : TimeProvider
{
    private static readonly DateTimeOffset s_epoch = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override long GetTimestamp() => (network.Time + (host?.ClockOffset ?? TimeSpan.Zero)).Ticks;

    public override DateTimeOffset GetUtcNow() => s_epoch + network.Now + (host?.ClockOffset ?? TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new SimulatedTimer(network, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>A timer of virtual time. Its callback runs when no code of the application does.</summary>
internal sealed class SimulatedTimer(SimulatedNetwork network, TimerCallback callback, object? state) : ITimer
{
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private TimeSpan _period;
    private Alarm? _alarm;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        _alarm = null;
        if (dueTime != Timeout.InfiniteTimeSpan)
            Set(dueTime);
        return true;
    }

    public void Dispose() => _alarm = null;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Set(TimeSpan dueTime)
    {
        _alarm = new Alarm(this);
        network.Events.Add(network.Time + dueTime, _alarm);
    }

    private void Ring(Alarm alarm)
    {
        if (!ReferenceEquals(alarm, _alarm))
            return;

        _alarm = null;
        if (_period > TimeSpan.Zero)
            Set(_period);
        if (_context is null)
            callback(state);
        else
            ExecutionContext.Run(_context, static timer => ((SimulatedTimer)timer!).Call(), this);
    }

    private void Call() => callback(state);

    // A timer that was changed leaves its old alarm behind, which then means nothing.
    private sealed class Alarm(SimulatedTimer timer) : IOccurrence
    {
        public void Occur(Instant now) => timer.Ring(this);
    }
}
