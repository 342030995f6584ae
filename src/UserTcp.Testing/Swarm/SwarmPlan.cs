using UserTcp.Tcp;

namespace UserTcp.Testing.Swarm;

/// <summary>A host of a swarm run.</summary>
internal sealed record HostPlan
{
    public required SimulatedLinkOptions Link { get; init; }

    public required TcpConfig Config { get; init; }

    public required long BudgetBytes { get; init; }

    public required int Backlog { get; init; }

    public override string ToString() =>
        $"{Link.BitsPerSecond} bit/s, {Link.Delay}, queue {Link.QueueBytes}, marks above {Link.MarkAboveBytes}, MTU"
        + $" {Link.Mtu}, budget {BudgetBytes}, backlog {Backlog}; {DescribeConfig()}; {Config.LossRecovery}";

    private string DescribeConfig() =>
        $"NoDelay {Config.NoDelay}, buffers {Config.ReceiveBufferBytes} and {Config.SendBufferBytes},"
        + $" MSS {Config.ReceiveMss.Bytes}, scaling {Config.WindowScaling}, SACK {Config.SelectiveAcknowledgments},"
        + $" timestamps {Config.Timestamps}, IW {Config.InitialWindowSegments}, delayed ACK {Config.DelayedAck},"
        + $" {Config.CongestionControl}, pacing {Config.Pacing}, ECN {Config.Ecn}, tuned {Config.AutoTuneBuffers},"
        + $" black hole detection {Config.BlackHoleDetection}, keep-alive {Config.KeepAlive}";
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

    public override string ToString() =>
        $"host {Client} to {Server} at {Start}{(IsSimultaneous ? ", simultaneous" : "")}: {ClientSide} - {ServerSide}";
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
}
