using Microsoft.Extensions.Logging;

namespace HttpGet;

/// <summary>Shows what the stack logs, one line for each message.</summary>
internal sealed class LineLogger(Report report) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("This factory has one destination.");

    public ILogger CreateLogger(string categoryName) => new Category(report, categoryName);

    public void Dispose()
    {
    }

    private sealed class Category(Report report, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;

            string level = logLevel.ToString().ToLowerInvariant();
            report.Detail($"* {level} {name}: {formatter(state, exception)}{Cause(exception)}");
        }

        private static string Cause(Exception? exception) => exception is null ? "" : $" ({exception.Message})";
    }
}
