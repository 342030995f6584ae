namespace UserTcp.Tool.Simulation;

/// <summary>Which seeds a swarm runs.</summary>
internal sealed record SwarmPlan
{
    public required long Seeds { get; init; }

    /// <summary>After which no seed is begun; null for no limit.</summary>
    public TimeSpan? Time { get; init; }

    public ulong First { get; init; } = 1;

    /// <summary>The folder for captures of what fails; null for none.</summary>
    public string? Folder { get; init; }
}
