using UserTcp.Runtime;

namespace UserTcp;

/// <summary>The counters of a listener: a consistent snapshot. Immutable and thread-safe.</summary>
public sealed record UserTcpListenerStatistics
{
    /// <summary>Connections, or requests, that wait to be accepted.</summary>
    public int PendingAccepts { get; init; }

    /// <summary>Handshakes under way.</summary>
    public int HalfOpen { get; init; }

    /// <summary>Connections handed out since the listener was made.</summary>
    public long Accepted { get; init; }

    /// <summary>SYNs and final ACKs dropped because the backlog was full (Linux: ListenOverflows).</summary>
    public long Overflows { get; init; }

    /// <summary>SYNs answered without being remembered (RFC 4987 §3.6; Linux: SyncookiesSent).</summary>
    public long SynCookiesSent { get; init; }

    /// <summary>Connections made of such answers (Linux: SyncookiesRecv).</summary>
    public long SynCookiesAccepted { get; init; }

    /// <summary>Segments that claimed to answer a cookie, and did not (Linux: SyncookiesFailed).</summary>
    public long SynCookiesFailed { get; init; }

    internal static UserTcpListenerStatistics Of(in ListenerReport report) => new()
    {
        PendingAccepts = report.PendingAccepts,
        HalfOpen = report.HalfOpen,
        Accepted = report.Accepted,
        Overflows = report.Overflows,
        SynCookiesSent = report.SynCookiesSent,
        SynCookiesAccepted = report.SynCookiesAccepted,
        SynCookiesFailed = report.SynCookiesFailed,
    };
}
