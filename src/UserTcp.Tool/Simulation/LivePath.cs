namespace UserTcp.Tool.Simulation;

/// <summary>The bad link between two stacks.</summary>
internal sealed record LivePath
{
    /// <summary>There and back, without queues.</summary>
    public TimeSpan RoundTrip { get; init; } = TimeSpan.FromMilliseconds(40);

    public long BitsPerSecond { get; init; } = 50_000_000;

    /// <summary>The share of frames that are lost, in each direction.</summary>
    public double Loss { get; init; } = 0.0005;

    /// <summary>The share of frames that come too late.</summary>
    public double Reordering { get; init; }

    /// <summary>The queue in front of the link.</summary>
    public long QueueBytes { get; init; } = 256 * 1024;

    public ulong Seed { get; init; } = 1;
}
