using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace UserTcp.AspNetCore.Tests.Support;

internal sealed record LogEntry(LogLevel Level, string Category, string? Event, string Text, Exception? Error);

/// <summary>Remembers all that is logged.</summary>
internal sealed class LogList : ILoggerProvider
{
    /// <summary>Only to fail where a test would hang; nothing waits for it.</summary>
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    private readonly ConcurrentQueue<LogEntry> _entries = new();
    private readonly ConcurrentDictionary<(string Category, string Event), TaskCompletionSource> _signals = new();

    /// <summary>What somebody would have to look at. That Kestrel's clock was late is the machine's fault.</summary>
    public IEnumerable<string> Complaints => _entries
        .Where(entry => entry.Level >= LogLevel.Warning && entry.Event != "HeartbeatSlow")
        .Select(entry => $"{entry.Level} {entry.Category}: {entry.Text} {entry.Error}");

    /// <summary>Completes when the event is in the list.</summary>
    public Task WhenLoggedAsync(string category, string name) => Signal(category, name).Task.WaitAsync(s_guard);

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private TaskCompletionSource Signal(string category, string name) => _signals.GetOrAdd(
        (category, name), static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed class Logger(LogList list, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            list._entries.Enqueue(
                new LogEntry(logLevel, category, eventId.Name, formatter(state, exception), exception));
            if (eventId.Name is not null)
                list.Signal(category, eventId.Name).TrySetResult();
        }
    }
}
