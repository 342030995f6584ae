using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace UserTcp.AspNetCore.Tests.Support;

internal sealed record LogEntry(LogLevel Level, string Category, string? Event, string Text, Exception? Error);

/// <summary>Remembers all that is logged.</summary>
internal sealed class LogList : ILoggerProvider
{
    private readonly ConcurrentQueue<LogEntry> _entries = new();

    public IReadOnlyCollection<LogEntry> Entries => _entries;

    /// <summary>
    /// What somebody would have to look at. That Kestrel's heartbeat stood still for a second says something of the
    /// machine.
    /// </summary>
    public IEnumerable<string> Complaints => _entries
        .Where(entry => entry.Level >= LogLevel.Warning && entry.Event != "HeartbeatSlow")
        .Select(entry => $"{entry.Level} {entry.Category}: {entry.Text} {entry.Error}");

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(LogList list, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) =>
            list._entries.Enqueue(
                new LogEntry(logLevel, category, eventId.Name, formatter(state, exception), exception));
    }
}
