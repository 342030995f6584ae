using UserTcp.Tcp;

namespace UserTcp.Testing.Swarm;

/// <summary>How small a host's tables are; the defaults are never reached.</summary>
internal sealed record HostLimits
{
    public int MaxConnections { get; init; } = 1000;

    public int MaxHalfOpen { get; init; } = 1000;

    public int MaxTimeWait { get; init; } = 1000;

    public int MaxOrphans { get; init; } = 1000;

    public int MaxNeighbors { get; init; } = 1000;

    /// <summary>Ephemeral ports.</summary>
    public int Ports { get; init; } = 30_000;
}

/// <summary>The queues that a host's frames come out of, one for each shard.</summary>
internal enum FrameQueues
{
    /// <summary>The device steers: each comes out of its shard's.</summary>
    Steered,

    /// <summary>The device has one: all come out of the first shard's.</summary>
    One,

    /// <summary>The device steers at random until the network is well again.</summary>
    Random,
}

/// <summary>A host of a swarm run.</summary>
internal sealed record HostPlan
{
    public required SimulatedLinkOptions Link { get; init; }

    public required TcpConfig Config { get; init; }

    public required long BudgetBytes { get; init; }

    public required int Backlog { get; init; }

    /// <summary>Small tables; null for large ones.</summary>
    public HostLimits? Limits { get; init; }

    /// <summary>Frames arrive at multiples of this time only.</summary>
    public TimeSpan ArrivalPeriod { get; init; }

    /// <summary>The most that a batch holds; how many it does is drawn for each.</summary>
    public int BatchFrames { get; init; } = int.MaxValue;

    public int Shards { get; init; } = 1;

    public FrameQueues Queues { get; init; }

    public override string ToString() =>
        (Shards == 1 ? "" : $"{Shards} shards, queues {Queues}; ")
        + $"{Limits}{(Limits is null ? "" : ", ")}batches of {BatchFrames} every {ArrivalPeriod}; "
        + $"{Link.BitsPerSecond} bit/s, {Link.Delay}, queue {Link.QueueBytes}, marks above {Link.MarkAboveBytes}, MTU"
        + $" {Link.Mtu}, budget {BudgetBytes}, backlog {Backlog}; {DescribeConfig()}; {Config.LossRecovery}";

    private string DescribeConfig() =>
        $"NoDelay {Config.Live.NoDelay}, buffers {Config.ReceiveBufferBytes} and {Config.SendBufferBytes},"
        + $" MSS {Config.ReceiveMss.Bytes}, scaling {Config.WindowScaling}, SACK {Config.SelectiveAcknowledgments},"
        + $" timestamps {Config.Timestamps}, IW {Config.InitialWindowSegments}, delayed ACK {Config.DelayedAck},"
        + $" {Config.CongestionControl}, pacing {Config.Pacing}, ECN {Config.Ecn}, tuned {Config.AutoTuneBuffers},"
        + $" black hole detection {Config.BlackHoleDetection}, keep-alive {Config.Live.KeepAlive}";
}

/// <summary>A connection of a swarm run: who, when, and what both ends do.</summary>
internal sealed record FlowPlan
{
    public required int Client { get; init; }

    public required int Server { get; init; }

    public required TimeSpan Start { get; init; }

    /// <summary>Both ends connect, to each other's fixed port (RFC 9293 §3.5, figure 7).</summary>
    public required bool IsSimultaneous { get; init; }

    public required StreamPlan ClientSide { get; init; }

    public required StreamPlan ServerSide { get; init; }

    /// <summary>How often the client that gave up connects again at once, from the same port.</summary>
    public int Reuses { get; init; }

    public override string ToString() =>
        $"host {Client} to {Server} at {Start}"
        + $"{(IsSimultaneous ? ", simultaneous" : "")}"
        + $"{(Reuses > 0 ? $", again {Reuses} times" : "")}: {ClientSide} - {ServerSide}";
}

/// <summary>All that a seed decides.</summary>
internal sealed record SwarmPlan
{
    public required ulong Seed { get; init; }

    public required IReadOnlyList<HostPlan> Hosts { get; init; }

    public required IReadOnlyList<FlowPlan> Flows { get; init; }

    /// <summary>What goes wrong. A run without some of them is the same run otherwise, as far as it can be.</summary>
    public required IReadOnlyList<Trouble> Troubles { get; init; }

    /// <summary>When nothing goes wrong any more.</summary>
    public required TimeSpan HealedAt { get; init; }

    /// <summary>
    /// Whether a SYN that is sent twice has no excuse: nothing goes wrong, no queue is long, no table is small. A
    /// client that gives up in SYN-SENT says nothing, and its next SYN is taken for a duplicate (RFC 5961 §4).
    /// </summary>
    public bool IsClean => Troubles.Count == 0 && Hosts.All(host => host.Limits is null
        && host.Link.QueueBytes >= 1 << 20 && host.Link.BitsPerSecond is 0 or >= 100_000_000
        && host.BudgetBytes >= 256 << 20 && host.Backlog >= 512)
        && Flows.All(flow => flow.Reuses == 0 || flow.ClientSide.AbortsAt is null);
}
