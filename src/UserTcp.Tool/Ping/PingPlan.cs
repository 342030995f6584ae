namespace UserTcp.Tool.Ping;

/// <summary>How often, and how.</summary>
internal sealed record PingPlan
{
    /// <summary>Null: until somebody stops it.</summary>
    public int? Count { get; init; }

    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    public UserTcpPingOptions Options { get; init; } = new();
}
