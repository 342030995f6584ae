using UserTcp.Tcp;

namespace UserTcp;

/// <summary>Probing of idle connections (RFC 9293 §3.8.4). Immutable and thread-safe.</summary>
public sealed record UserTcpKeepAliveOptions
{
    /// <summary>How long a connection is idle before the first probe, from 1 s to 24 days. Default: 2 h.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The time between unanswered probes, from 1 s to 24 days. Default: 75 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Unanswered probes after which the connection ends, from 1 to 255. Default: 9.</summary>
    public int RetryCount { get; init; } = 9;

    internal KeepAliveSettings ToSettings()
    {
        TimeSpan second = TimeSpan.FromSeconds(1);
        OptionCheck.InRange(Time, second, OptionCheck.LongTime, nameof(Time));
        OptionCheck.InRange(Interval, second, OptionCheck.LongTime, nameof(Interval));
        OptionCheck.InRange(RetryCount, 1, 255, nameof(RetryCount));
        return new KeepAliveSettings(Time, Interval, RetryCount);
    }
}
