using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

#if !COMPANION
namespace UserTcp.Diagnostics;
#else
namespace UserTcp.Companions; // tests see the internals of several packages, and each has this class
#endif

/// <summary>
/// A logger that no peer can flood. Each event has a budget of its own; lines beyond it are counted, and the count is
/// logged with the next line of the event that passes, or at the end. Every logger of the library is one: the companion
/// packages compile this file, too.
/// </summary>
internal sealed class LimitedLogger : ILogger
{
    /// <summary>Lines of one event that may follow each other at once, at Information and above.</summary>
    public const int Burst = 10;

    /// <summary>As <see cref="Burst"/>, for lines that somebody has switched on to look for something.</summary>
    public const int DebugBurst = 1000;

    /// <summary>The time after which another line of an event may pass, at Information and above.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>As <see cref="Interval"/>, for Debug and Trace.</summary>
    public static readonly TimeSpan DebugInterval = TimeSpan.FromMilliseconds(1);

    private readonly ILogger _inner;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<int, Budget> _budgets = [];

    private LimitedLogger(ILogger inner, TimeProvider time)
    {
        _inner = inner;
        _time = time;
    }

    /// <summary>Makes a logger; null makes one that logs nothing.</summary>
    public static LimitedLogger Create(ILoggerFactory? loggers, string category, TimeProvider? time = null) =>
        new((loggers ?? NullLoggerFactory.Instance).CreateLogger(category), time ?? TimeProvider.System);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => _inner.IsEnabled(logLevel);

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        long leftOut;
        lock (_lock)
        {
            if (!_budgets.TryGetValue(eventId.Id, out Budget? budget))
                _budgets.Add(eventId.Id, budget = new Budget(logLevel, eventId.Name, _time.GetTimestamp()));
            if (!budget.TryTake(_time, out leftOut))
                return;
        }

        if (leftOut > 0)
            LeftOut(_inner, logLevel, leftOut, eventId.Name);
        _inner.Log(logLevel, eventId, state, exception, formatter);
    }

    /// <summary>Logs how many lines were left out and not yet told of: nothing more will be logged.</summary>
    public void TellLeftOut()
    {
        List<(LogLevel Level, string? Name, long Count)> told = [];
        lock (_lock)
        {
            foreach (Budget budget in _budgets.Values)
            {
                if (budget.TakeLeftOut() is > 0 and long count)
                    told.Add((budget.Level, budget.Name, count));
            }
        }

        foreach ((LogLevel level, string? name, long count) in told)
        {
            LeftOut(_inner, level, count, name);
        }
    }

    // Not by the source generator: it writes the classes of an assembly in an order that differs from build to build.
    // So each assembly has its messages in one class, and this file is part of three assemblies.
    private static void LeftOut(ILogger logger, LogLevel level, long count, string? lineName) => logger.Log(
        level, new EventId(9002, "LinesLeftOut"),
        "{Count} lines of {LineName} were omitted: there were too many", count, lineName);

    // A token bucket, in the timestamps of the time provider.
    private sealed class Budget(LogLevel level, string? name, long now)
    {
        private readonly int _burst = level >= LogLevel.Information ? Burst : DebugBurst;
        private readonly TimeSpan _interval = level >= LogLevel.Information ? Interval : DebugInterval;
        private long _last = now;
        private long _spent;
        private long _leftOut;

        public LogLevel Level => level;

        public string? Name => name;

        public bool TryTake(TimeProvider time, out long leftOut)
        {
            leftOut = 0;
            long now = time.GetTimestamp();
            long regained = (long)(time.GetElapsedTime(_last, now) / _interval);
            if (regained > 0)
            {
                _spent = Math.Max(0, _spent - regained);
                _last = now;
            }

            if (_spent >= _burst)
            {
                _leftOut++;
                return false;
            }

            _spent++;
            leftOut = TakeLeftOut();
            return true;
        }

        public long TakeLeftOut()
        {
            long leftOut = _leftOut;
            _leftOut = 0;
            return leftOut;
        }
    }
}
