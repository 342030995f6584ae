using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Testing.Swarm;

/// <summary>
/// Draws plans. Each seed gets a subset of what can be chosen, not a bit of everything: what fails is then small, and
/// combinations come up that an average would hide (Groce et al., "Swarm testing", 2012).
/// </summary>
internal sealed class PlanMaker
{
    public const int MaxFlows = 10;

    private const int MostBytes = 300_000;

    /// <summary>With less, what a seed sends would take hours: a few octets in each round trip.</summary>
    private const int SmallestBuffer = 300;

    /// <summary>Longer than all that goes wrong, and all timers that backed off meanwhile.</summary>
    private static readonly TimeSpan s_orphanTimeout = TimeSpan.FromMinutes(5);

    private readonly SeededRandom _random;
    private readonly ulong _seed;
    private readonly bool _hasPauses;
    private readonly bool _hasAborts;
    private readonly bool _hasSimultaneousOpens;
    private readonly bool _isLarge;

    private PlanMaker(ulong seed)
    {
        _seed = seed;
        _random = new SeededRandom(seed).Derive(0x5eed);
        _hasPauses = _random.Chance(0.4);
        _hasAborts = _random.Chance(0.2);
        _hasSimultaneousOpens = _random.Chance(0.15);
        _isLarge = _random.Chance(0.3);
    }

    public static SwarmPlan Make(ulong seed) =>
        WithShards(MakeWide(seed), new SeededRandom(seed).Derive(0x5a2d));

    /// <summary>The plan with one shard in each host.</summary>
    public static SwarmPlan MakeWide(ulong seed) =>
        new PlanWidener(new SeededRandom(seed).Derive(0x31de), MakeNarrow(seed)).Widen();

    /// <summary>The plan without batches, small tables, reused ports and all else that was thought of later.</summary>
    public static SwarmPlan MakeNarrow(ulong seed) => new PlanMaker(seed).Make();

    private static SwarmPlan WithShards(SwarmPlan plan, SeededRandom random) => plan with
    {
        Hosts =
        [
            .. plan.Hosts.Select(host => random.Chance(0.5) ? host : host with
            {
                Shards = random.Chance(0.5) ? 2 : 5,
                Queues = (FrameQueues)random.Next(3),
            }),
        ],
    };

    private SwarmPlan Make()
    {
        var hosts = new List<HostPlan>();
        for (int i = 2 + _random.Next(_random.Chance(0.3) ? 3 : 1); i > 0; i--)
        {
            hosts.Add(DrawHost());
        }

        int most = _random.Chance(0.3) ? MaxFlows : 2;
        var flows = new List<FlowPlan>();
        for (int i = 1 + _random.Next(most); i > 0; i--)
        {
            flows.Add(DrawFlow(hosts.Count, (ulong)i));
        }

        TimeSpan healedAt = _random.Next(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(12));
        return new SwarmPlan
        {
            Seed = _seed,
            Hosts = hosts,
            Flows = flows,
            Troubles = new TroubleMaker(_random.Derive(1), hosts.Count, healedAt).Draw(),
            HealedAt = healedAt,
        };
    }

    private HostPlan DrawHost()
    {
        var link = new SimulatedLinkOptions
        {
            BitsPerSecond = _random.Chance(0.4) ? 0 : 1_000_000L << _random.Next(8),
            Delay = _random.Chance(0.3) ? TimeSpan.Zero
                : _random.Next(TimeSpan.FromMicroseconds(10), TimeSpan.FromMilliseconds(80)),
            QueueBytes = _random.Chance(0.5) ? 1 << 20 : _random.Next(6_000, 100_000),
            MarkAboveBytes = _random.Chance(0.3) ? _random.Next(0, 20_000) : null,
            Mtu = _random.Chance(0.7) ? 1500 : (int)_random.Next(576, 1500),
        };
        TcpConfig config = DrawConfig();

        // Writers are not refused memory; what they can hold at once must leave some for those who receive.
        long held = MaxFlows * (config.SendBufferBytes + 3L * Chunk.LargeSize);
        return new HostPlan
        {
            Link = link,
            Config = config,
            BudgetBytes = _random.Chance(0.8) ? 256 << 20 : held + _random.Next(1 << 19, 1 << 22),
            Backlog = _random.Chance(0.8) ? 512 : 1 + _random.Next(4),
        };
    }

    private TcpConfig DrawConfig()
    {
        bool noDelay = _random.Chance(0.7);
        return new TcpConfig
        {
            ReceiveBufferBytes = DrawBuffer(),
            SendBufferBytes = DrawBuffer(),
            ReceiveMss = _random.Chance(0.8) ? new Mss(1460) : new Mss((int)_random.Next(200, 1460)),
            WindowScaling = _random.Chance(0.85),
            SelectiveAcknowledgments = _random.Chance(0.8),
            Timestamps = _random.Chance(0.8),
            InitialWindowSegments = _random.Chance(0.7) ? 10 : 1 + _random.Next(4),
            DelayedAck = TimeSpan.FromMilliseconds(_random.Chance(0.7) ? 40 : _random.Next(1, 400)),
            CongestionControl = DrawCongestionControl(),
            LossRecovery = DrawRecovery(),
            Pacing = _random.Chance(0.7),
            SlowStartAfterIdle = _random.Chance(0.8),
            Ecn = (UserTcpEcnMode)_random.Next(3),
            AutoTuneBuffers = _random.Chance(0.6),
            BlackHoleDetection = _random.Chance(0.8),
            Live = new LiveSettings
            {
                NoDelay = noDelay,
                OrphanTimeout = s_orphanTimeout,
                KeepAlive = _random.Chance(0.1),
                KeepAliveTime = TimeSpan.FromSeconds(5),
                KeepAliveInterval = TimeSpan.FromSeconds(30),
            },
        };
    }

    private int DrawBuffer() => _random.Next(4) switch
    {
        0 => (int)_random.Next(SmallestBuffer, 4096),
        1 => (int)_random.Next(4096, 65_536),
        _ => 1 << 20,
    };

    private CongestionControl DrawCongestionControl() =>
        _random.Chance(0.5) ? CongestionControl.NewReno : new TcpConfig().CongestionControl;

    private UserTcpLossRecoveryOptions DrawRecovery() => _random.Chance(0.6)
        ? new UserTcpLossRecoveryOptions()
        : new UserTcpLossRecoveryOptions
        {
            Rack = _random.Chance(0.7),
            TailLossProbe = _random.Chance(0.7),
            ProportionalRateReduction = _random.Chance(0.7),
            ForwardRtoRecovery = _random.Chance(0.7),
            UndoSpurious = _random.Chance(0.7),
            LimitedTransmit = _random.Chance(0.7),
            DuplicateSack = _random.Chance(0.7),
        };

    private FlowPlan DrawFlow(int hosts, ulong number)
    {
        int client = _random.Next(hosts);
        bool isSimultaneous = _hasSimultaneousOpens && _random.Chance(0.5);
        return new FlowPlan
        {
            Client = client,
            Server = (client + 1 + _random.Next(hosts - 1)) % hosts,
            Start = _random.Chance(0.5) ? TimeSpan.Zero : _random.Next(TimeSpan.Zero, TimeSpan.FromSeconds(3)),
            IsSimultaneous = isSimultaneous,
            ClientSide = DrawSide(2 * number, 2 * number + 1) with { ClosesLast = !_random.Chance(0.8) },
            ServerSide = DrawSide(2 * number + 1, 2 * number) with { ClosesLast = false },
        };
    }

    private StreamPlan DrawSide(ulong writes, ulong reads)
    {
        bool isSlow = _hasPauses && _random.Chance(0.5);
        long bytes = DrawBytes();
        return new StreamPlan
        {
            Writes = _seed ^ writes << 32,
            Reads = _seed ^ reads << 32,
            Bytes = bytes,
            Piece = _random.Chance(0.6) ? int.MaxValue : (int)_random.Next(Math.Max(1, bytes / 64), 8192 + bytes / 64),
            ReadPause = isSlow ? DrawPause() : TimeSpan.Zero,
            WritePause = isSlow ? DrawPause() : TimeSpan.Zero,
            AbortsAfter = _hasAborts && _random.Chance(0.4) ? _random.Next(0, bytes) : null,
        };
    }

    private long DrawBytes() => _random.Next(6) switch
    {
        0 => 0,
        1 => _random.Next(1, 100),
        2 or 3 => _random.Next(100, 20_000),
        _ => _random.Next(1_000, _isLarge ? MostBytes : MostBytes / 4),
    };

    private TimeSpan DrawPause() =>
        _random.Chance(0.5) ? _random.Next(TimeSpan.Zero, TimeSpan.FromMilliseconds(20))
        : _random.Next(TimeSpan.Zero, TimeSpan.FromSeconds(3));
}
