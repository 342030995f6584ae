namespace UserTcp.Tool.Ping;

/// <summary>How often, and how.</summary>
internal sealed record PingPlan
{
    /// <summary>Null: until somebody stops it.</summary>
    public int? Count { get; init; }

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait after the last request, if none was answered.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Its timeout is the longest time after which an answer counts.</summary>
    public UserTcpPingOptions Options { get; init; } = new();
}
