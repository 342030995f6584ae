using UserTcp.Tcp;
using UserTcp.Testing.Rules;

namespace UserTcp.Testing.Swarm;

/// <summary>
/// Adds to a plan what an average network does not show: batches, ports that are used again at once, hosts that vanish
/// behind shut windows, programs that give up at any moment, small tables, outages of ARP, urgent text. Half of the
/// plans stay as they are but for the batches; the others get a subset, as <see cref="PlanMaker"/> has it.
/// </summary>
internal sealed class PlanWidener(SeededRandom random, SwarmPlan plan)
{
    public const int UsualRetries = 15;

    private const ulong FirstKey = 1000;

    public SwarmPlan Widen()
    {
        SwarmPlan wide = plan with { Hosts = [.. plan.Hosts.Select(AddBatches)] };
        if (random.Chance(0.5))
            return wide;

        if (random.Chance(0.3))
            wide = wide with { Troubles = [], Hosts = [.. wide.Hosts.Select(Clean)] }; // it has a rule of its own
        if (random.Chance(0.3))
            wide = AddReuses(wide);
        if (random.Chance(0.3))
            wide = wide with { Flows = [.. wide.Flows.Select(AddAborts)] };
        if (random.Chance(0.25))
            wide = wide with { Flows = [.. wide.Flows.Select(AddUrgentText)] };
        if (random.Chance(0.3))
            wide = wide with { Flows = [.. wide.Flows.Select(ShutWindows)] };
        if (random.Chance(0.25))
            wide = wide with { Hosts = [.. wide.Hosts.Select(AddLimits)] };
        if (random.Chance(0.2))
            wide = wide with { Troubles = [.. wide.Troubles, DrawArpOutage(wide)] };
        return random.Chance(0.15) ? AddVanishing(wide) : wide;
    }

    private static HostPlan Clean(HostPlan host) => host with
    {
        BudgetBytes = 256 << 20,
        Backlog = 512,
        Link = new SimulatedLinkOptions
        {
            Delay = host.Link.Delay,
            Mtu = host.Link.Mtu,
            MarkAboveBytes = host.Link.MarkAboveBytes,
            QueueBytes = 1 << 20,
        },
    };

    private HostPlan AddBatches(HostPlan host) => host with
    {
        ArrivalPeriod = random.Chance(0.5) ? TimeSpan.Zero
            : random.Next(TimeSpan.FromMicroseconds(1), TimeSpan.FromMicroseconds(1L << random.Next(14))),
        BatchFrames = random.Next(3) switch
        {
            0 => int.MaxValue,
            1 => 1,
            _ => 2 + random.Next(20),
        },
    };

    // Nothing but TIME-WAIT keeps old duplicates out of the next connection, and a reset leads to none: the wire must
    // not hold frames back then.
    private SwarmPlan AddReuses(SwarmPlan wide) => wide with
    {
        Flows = [.. wide.Flows.Select(AddReuses)],
        Troubles =
        [
            .. wide.Troubles.Where(trouble => trouble is not RuleTrouble rule
                || rule.Make() is not (Reordering or Duplication or Jitter or AckCompression)),
        ],
    };

    // The client gives up early, and connects again before anything else happens.
    private FlowPlan AddReuses(FlowPlan flow) => flow.IsSimultaneous || random.Chance(0.3) ? flow : flow with
    {
        Reuses = 1 + random.Next(20),
        ClientSide = random.Chance(0.5)
            ? flow.ClientSide with { AbortsAfter = random.Next(0, 1 + flow.ClientSide.Bytes / 4) }
            : flow.ClientSide with { AbortsAt = DrawMoment() },
    };

    private FlowPlan AddAborts(FlowPlan flow) => flow with
    {
        ClientSide = random.Chance(0.5) ? flow.ClientSide : flow.ClientSide with { AbortsAt = DrawMoment() },
        ServerSide = random.Chance(0.5) ? flow.ServerSide : flow.ServerSide with { AbortsAt = DrawMoment() },
    };

    // From the middle of the handshake to the middle of the transfer.
    private TimeSpan DrawMoment() =>
        random.Next(TimeSpan.Zero, TimeSpan.FromMicroseconds(1L << (1 + random.Next(21))));

    private FlowPlan AddUrgentText(FlowPlan flow) => flow with
    {
        ClientSide = flow.ClientSide with { UrgentEvery = 1 + random.Next(5) },
        ServerSide = flow.ServerSide with { UrgentEvery = random.Next(5) },
    };

    private FlowPlan ShutWindows(FlowPlan flow) => random.Chance(0.5)
        ? flow with { ServerSide = StopReading(flow.ServerSide, flow.ClientSide.Bytes) }
        : flow with { ClientSide = StopReading(flow.ClientSide, flow.ServerSide.Bytes) };

    private StreamPlan StopReading(StreamPlan side, long peerBytes) =>
        side with { StopsReadingAfter = random.Next(0, 1 + peerBytes / 2) };

    private HostPlan AddLimits(HostPlan host) => random.Chance(0.4) ? host : host with
    {
        Limits = new HostLimits
        {
            MaxConnections = DrawLimit(1 + PlanMaker.MaxFlows),
            MaxHalfOpen = DrawLimit(4),
            MaxTimeWait = DrawLimit(4),
            MaxOrphans = DrawLimit(3),
            MaxNeighbors = DrawLimit(3),
            Ports = DrawLimit(12),
        },
    };

    private int DrawLimit(int most) => random.Chance(0.6) ? 1000 : 1 + random.Next(most);

    private RuleTrouble DrawArpOutage(SwarmPlan wide)
    {
        TimeSpan from = random.Chance(0.5) ? TimeSpan.Zero : random.Next(TimeSpan.Zero, wide.HealedAt);
        return new RuleTrouble(
            random.Next(wide.Hosts.Count), from, random.Next(from, wide.HealedAt), random.Chance(0.5), FirstKey,
            "an outage of ARP", () => new ArpLoss(1));
    }

    // Only what gives up in a bearable time shows whether it does.
    private SwarmPlan AddVanishing(SwarmPlan wide)
    {
        int r2 = 3 + random.Next(4);
        return wide with
        {
            Hosts = [.. wide.Hosts.Select(host => host with { Config = WithLimit(host.Config, r2) })],
            Troubles =
            [
                .. wide.Troubles,
                new VanishTrouble(random.Next(wide.Hosts.Count), random.Next(TimeSpan.Zero, wide.HealedAt)),
            ],
        };
    }

    private static TcpConfig WithLimit(TcpConfig config, int r2) => config with { R1 = Math.Min(3, r2), R2 = r2 };
}
