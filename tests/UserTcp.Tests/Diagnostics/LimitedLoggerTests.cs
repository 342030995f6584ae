using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Diagnostics;
using UserTcp.Tests.Runtime;

namespace UserTcp.Tests.Diagnostics;

public sealed class LimitedLoggerTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly LogList _list = new();
    private readonly LimitedLogger _logger;

    public LimitedLoggerTests() => _logger = LimitedLogger.Create(_list, "test", _time);

    [Fact]
    public void A_flood_of_one_event_is_a_few_lines_and_a_count()
    {
        Log(LogLevel.Warning, 1, times: 1000);
        Assert.Equal(LimitedLogger.Burst, _list.Count(1));
        Assert.Equal(0, _list.Count(9002));

        _time.Advance(LimitedLogger.Interval);
        Log(LogLevel.Warning, 1, times: 1);
        Assert.Equal(LimitedLogger.Burst + 1, _list.Count(1));
        LogEntry leftOut = Assert.Single(_list.Entries, entry => entry.Id.Id == 9002);
        Assert.Equal((LogLevel.Warning, "990 lines of event1 were omitted: there were too many"),
            (leftOut.Level, leftOut.Text));
    }

    [Fact]
    public void An_event_takes_nothing_from_another()
    {
        Log(LogLevel.Error, 1, times: 1000);
        Log(LogLevel.Error, 2, times: 1);
        Assert.Equal(1, _list.Count(2));
    }

    [Fact]
    public void Lines_for_who_debugs_are_limited_later()
    {
        Log(LogLevel.Debug, 1, times: 5000);
        Assert.Equal(LimitedLogger.DebugBurst, _list.Count(1));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Log(LogLevel.Debug, 1, times: 5000);
        Assert.Equal(LimitedLogger.DebugBurst + 100, _list.Count(1));
    }

    /// <summary>Any flood: the lines are bounded by the time, and each line is logged or counted.</summary>
    [Fact]
    public void Each_line_is_logged_or_counted_and_time_bounds_those_that_are_logged()
    {
        for (int seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            var list = new LogList();
            var time = new FakeTimeProvider();
            long start = time.GetTimestamp();
            LimitedLogger logger = LimitedLogger.Create(list, "test", time);
            var total = new int[4];
            for (int i = 0; i < 300; i++)
            {
                int id = random.Next(total.Length);
                total[id]++;
                logger.Log(LogLevel.Information, new EventId(id, $"event{id}"), "", null, (state, _) => state);
                if (random.Next(20) == 0)
                    time.Advance(TimeSpan.FromSeconds(5 * random.NextDouble()));
            }

            logger.TellLeftOut();
            logger.TellLeftOut();
            long most = LimitedLogger.Burst + (long)(time.GetElapsedTime(start) / LimitedLogger.Interval);
            for (int id = 0; id < total.Length; id++)
            {
                int logged = list.Count(id);
                Assert.InRange(logged, 1, most);
                Assert.Equal(total[id] - logged, LeftOut(list, $"event{id} "));
            }
        }
    }

    private static long LeftOut(LogList list, string name) => list.Entries
        .Where(entry => entry.Id.Id == 9002 && entry.Text.Contains(name, StringComparison.Ordinal))
        .Sum(entry => long.Parse(entry.Text[..entry.Text.IndexOf(' ')], null));

    private void Log(LogLevel level, int id, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _logger.Log(level, new EventId(id, $"event{id}"), "", null, (state, _) => state);
        }
    }
}
