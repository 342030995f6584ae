using System.Text;
using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Testing.Network;
using UserTcp.Testing.Rules;

namespace UserTcp.Testing.Swarm;

/// <summary>One run of a plan: everything goes wrong that is planned to, then all must come to an end.</summary>
internal sealed class SwarmRun : IDisposable
{
    public const ushort Port = 80;

    private const ulong BatchKey = 0xba7c_0000;
    private const ulong QueueKey = 0x90e0_0000;

    /// <summary>
    /// After the network has healed: the longest pause of a retransmission timer that backed off meanwhile, of a window
    /// probe, and time for what is left to be sent over the slowest link.
    /// </summary>
    private static readonly TimeSpan s_finishBound = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The same, where a peer that is gone has to be noticed (R2 of connections whose timers had backed off before),
    /// or many take turns in a small table.
    /// </summary>
    private static readonly TimeSpan s_longFinishBound = TimeSpan.FromMinutes(40);

    private static readonly TimeSpan s_synTimer = new TcpConfig().InitialRto;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>
    /// 2MSL, orphans, what peers that are gone still ask for, and the ten minutes after which what the last of them
    /// found out about its path is forgotten.
    /// </summary>
    private static readonly TimeSpan s_silenceBound = TimeSpan.FromMinutes(20);

    private readonly List<FlowRun> _flows = [];
    private readonly GroupListener?[] _listeners;
    private readonly bool[] _hasClosedListener;
    private readonly bool[] _hasVanished;

    // By the flow and the ISS: an end may be accepted when its client has begun anew from the same port.
    private readonly Dictionary<(FlowKey Flow, SeqNumber Iss), (FlowRun Run, StreamApp App)> _byClient = [];
    private readonly Dictionary<FlowKey, StreamApp> _apps = [];
    private readonly List<CoreHost> _hosts = [];

    public SwarmRun(SwarmPlan plan)
    {
        Plan = plan;
        Network = new SimulatedNetwork(plan.Seed);
        _listeners = new GroupListener?[plan.Hosts.Count];
        _hasClosedListener = new bool[plan.Hosts.Count];
        _hasVanished = new bool[plan.Hosts.Count];
        foreach (HostPlan host in plan.Hosts)
        {
            AddHost(host);
        }

        foreach (Trouble trouble in plan.Troubles)
        {
            trouble.Begin(this);
        }

        foreach (FlowPlan flow in plan.Flows)
        {
            var running = new FlowRun(this, flow, _flows.Count);
            _flows.Add(running);
            Network.Schedule(flow.Start, running.Start);
        }
    }

    public SwarmPlan Plan { get; }

    public SimulatedNetwork Network { get; }

    public IReadOnlyList<CoreHost> Hosts => _hosts;

    public bool IsHealed { get; private set; }

    /// <summary>How often a port was used again at once.</summary>
    public int ReusedPorts => _flows.Sum(flow => flow.Reused);

    /// <summary>Frames that were sent.</summary>
    public long Frames
    {
        get
        {
            long frames = 0;
            foreach (CoreHost host in _hosts)
            {
                frames += host.Link.Outgoing.Entered;
            }

            return frames;
        }
    }

    /// <summary>Runs to the end; throws at the first violation.</summary>
    public void Run()
    {
        RunUntil(Network.Time + Plan.HealedAt, static () => false);
        Heal();
        bool isLong = Array.Exists(_hasVanished, static one => one) || Plan.Hosts.Any(host => host.Limits is not null);
        TimeSpan bound = isLong ? s_longFinishBound : s_finishBound;
        Instant end = Network.Time + bound;
        if (!RunUntil(end, AreFlowsOver))
            throw new SwarmViolationException($"Not at an end {bound} after all was well again.{Describe()}");

        end = Network.Time + s_silenceBound;
        RunUntil(end, static () => false);
        CheckNothingIsLeft();
    }

    public void OnConnecting(StreamApp app, FlowRun flow)
    {
        _byClient[(app.Connection.Flow, app.Connection.Tcb.InitialSend)] = (flow, app);
        _apps[app.Connection.Flow] = app;
    }

    /// <summary>The program behind a connection of a host; null if there is none.</summary>
    public StreamApp? AppOf(in FlowKey flow) => _apps.GetValueOrDefault(flow);

    public bool HasClosedListener(int host) => _hasClosedListener[host];

    public bool HasVanished(int host) => _hasVanished[host];

    /// <summary>
    /// Whether the host may give up what is not at its end: orphans for want of room, connections for want of patience.
    /// </summary>
    public bool MayLose(int host)
    {
        HostPlan plan = Plan.Hosts[host];
        return plan.Limits?.MaxOrphans < Plan.Flows.Count || plan.Config.R2 < PlanWidener.UsualRetries;
    }

    /// <summary>From now on the host neither hears nor is heard.</summary>
    public void Vanish(int host)
    {
        _hasVanished[host] = true;
        _hosts[host].Link.Outgoing.Add(new Cut());
        _hosts[host].Link.Incoming.Add(new Cut());
    }

    public void CloseListener(int host)
    {
        if (_listeners[host] is not { } listener)
            return;

        _hasClosedListener[host] = true;
        _listeners[host] = null;
        _hosts[host].Close(listener);
    }

    public void OpenListener(int host) =>
        _listeners[host] ??= _hosts[host].Listen(Port, Accept, Plan.Hosts[host].Config, Plan.Hosts[host].Backlog);

    public string Describe()
    {
        var text = new StringBuilder();
        foreach (FlowRun flow in _flows)
        {
            text.Append("\n  ").Append(flow.Describe()).Append(flow.IsOver ? ", over" : "");
        }

        return text.ToString();
    }

    public void Dispose() => Network.Dispose();

    private void AddHost(HostPlan plan)
    {
        var host = new CoreHost(Network, $"host {_hosts.Count}", plan.Link, config => WithLimits(config, plan));
        SeededRandom random = Network.Random.Derive(BatchKey + (ulong)_hosts.Count);
        host.NextBatch = () => plan.BatchFrames == int.MaxValue ? int.MaxValue : 1 + random.Next(plan.BatchFrames);
        SeededRandom queues = Network.Random.Derive(QueueKey + (ulong)_hosts.Count);
        host.Core.NextQueue = plan.Queues switch
        {
            FrameQueues.One => static () => 0,
            FrameQueues.Random => () => IsHealed ? null : queues.Next(plan.Shards),
            _ => host.Core.NextQueue,
        };
        host.Link.Incoming.ArrivalPeriod = plan.ArrivalPeriod;
        _hosts.Add(host);
        host.Link.Taps.Add(new WireObserver(this, host));
        OpenListener(_hosts.Count - 1);
    }

    private static StackConfig WithLimits(StackConfig config, HostPlan plan)
    {
        config = config with
        {
            Chunks = new ChunkPool(plan.BudgetBytes),
            TimeWait = plan.Config.TimeWait,
            Shards = plan.Shards,
        };
        if (plan.Limits is not { } limits)
            return config;

        return config with
        {
            MaxConnections = limits.MaxConnections,
            MaxHalfOpen = limits.MaxHalfOpen,
            MaxTimeWait = limits.MaxTimeWait,
            MaxOrphans = limits.MaxOrphans,
            LastEphemeralPort = (ushort)(config.FirstEphemeralPort + limits.Ports - 1),
            Ip = config.Ip with { MaxNeighbors = limits.MaxNeighbors },
        };
    }

    private StreamApp Accept(StackConnection connection)
    {
        FlowKey flow = connection.Flow;
        var peer = new FlowKey(flow.Remote, flow.RemotePort, flow.Local, flow.LocalPort);
        if (!_byClient.TryGetValue((peer, connection.Tcb.InitialReceive), out (FlowRun Run, StreamApp App) client))
            throw new SwarmViolationException($"{flow} was accepted, and nobody connected.");

        StreamApp app = client.Run.Accept(client.App);
        app.Begin(Network);
        _apps[flow] = app;
        if (IsHealed)
            Network.Schedule(TimeSpan.Zero, client.Run.Hurry);
        return app;
    }

    private void Heal()
    {
        IsHealed = true;
        for (int i = 0; i < _hosts.Count; i++)
        {
            _hosts[i].Link.Outgoing.ClearRules();
            _hosts[i].Link.Incoming.ClearRules();
            OpenListener(i);
            if (_hasVanished[i])
                Vanish(i);
        }

        foreach (FlowRun flow in _flows)
        {
            flow.Hurry();
            LosePatienceLater(flow);
        }
    }

    private void LosePatienceLater(FlowRun flow) => Network.Schedule(s_patience, () =>
    {
        flow.LosePatience();
        if (!flow.IsOver || !flow.IsPastOver())
            LosePatienceLater(flow);
    });

    private bool RunUntil(Instant end, Func<bool> isDone)
    {
        Network.Settle();
        do
        {
            Watch();
            if (isDone())
                return true;
        }
        while (Network.Step(end));
        Network.Settle();
        Watch();
        return isDone();
    }

    private void Watch()
    {
        foreach (FlowRun flow in _flows)
        {
            flow.Watch();
        }

        foreach (CoreHost host in _hosts)
        {
            HostInvariants.CheckMemory(host, IsAnythingUnread);
            HostInvariants.CheckLimits(host);
        }

        if (Plan.IsClean)
            CheckConnects();
    }

    // No round trip of a clean plan is half as long as the timer of a SYN.
    private void CheckConnects()
    {
        foreach (StreamApp app in _apps.Values)
        {
            if (app.Connection.Tcb.State == TcpState.SynSent && Network.Time - app.BegunAt >= s_synTimer)
                throw new SwarmViolationException($"{app.Connection.Flow} waited for a timer, and nothing was lost.");
        }
    }

    private bool IsAnythingUnread(CoreHost host)
    {
        foreach (StreamApp app in _apps.Values)
        {
            if (ReferenceEquals(app.Host, host) && !app.Connection.Receive.IsReaderGone)
                return true;
        }

        return false;
    }

    private bool AreFlowsOver()
    {
        foreach (FlowRun flow in _flows)
        {
            if (!flow.IsOver || !flow.IsPastOver())
                return false;
        }

        return true;
    }

    private void CheckNothingIsLeft()
    {
        foreach (CoreHost host in _hosts)
        {
            HostInvariants.CheckNothingIsLeft(host, Describe);
        }

        if (!Network.Events.Next.IsNever)
            throw new SwarmViolationException($"A timer is left, for {Network.Events.Next - SimulatedNetwork.Start}.");
    }
}
