namespace UserTcp.Tcp;

/// <summary>
/// The settings of a connection that may change while it lives. A change makes another value, so a connection shares
/// its settings with others until its first change. <see cref="UserCall.Reconfigure"/> follows a change.
/// </summary>
internal sealed record LiveSettings
{
    public static readonly LiveSettings Default = new();

    /// <summary>Disables Nagle (RFC 9293 §3.7.4, MUST-17).</summary>
    public bool NoDelay { get; init; } = true;

    /// <summary>Holds back segments that are not full.</summary>
    public bool Corked { get; init; }

    /// <summary>The bound of FIN-WAIT-2, and of a closed window, once the application has let go.</summary>
    public TimeSpan OrphanTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Null: no limit but R2 (RFC 9293 §3.8.3).</summary>
    public TimeSpan? UserTimeout { get; init; }

    /// <summary>Off by default (RFC 9293 §3.8.4, MUST-25).</summary>
    public bool KeepAlive { get; init; }

    public TimeSpan KeepAliveTime { get; init; } = TimeSpan.FromHours(2);

    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(75);

    public int KeepAliveProbes { get; init; } = 9;

    /// <summary>The differentiated services field of its packets, ECN bits zero (RFC 9293 §3.1, RFC 2474).</summary>
    public byte TrafficClass { get; init; }

    /// <summary>The time to live of its packets (RFC 9293 §3.9.2, MUST-49).</summary>
    public byte TimeToLive { get; init; } = 64;

    /// <summary>With probes of the idle connection, or without them.</summary>
    public LiveSettings WithKeepAlive(KeepAliveSettings? settings) =>
        settings is not { } wanted ? this with { KeepAlive = false } : this with
        {
            KeepAlive = true,
            KeepAliveTime = wanted.Time,
            KeepAliveInterval = wanted.Interval,
            KeepAliveProbes = wanted.Probes,
        };
}

/// <summary>Probing of an idle connection, validated.</summary>
internal readonly record struct KeepAliveSettings(TimeSpan Time, TimeSpan Interval, int Probes);
