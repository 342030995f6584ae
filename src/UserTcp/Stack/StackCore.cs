using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The stack without clock, threads or devices: frames, calls and time come in, frames and wake-ups go out. All members
/// only under the door. <see cref="PullFrames"/> returning 0 ends a turn's output; if <see cref="HasPendingOutput"/> is
/// still true, another turn is due at once (or once the device takes frames again).
/// </summary>
internal sealed partial class StackCore : IDisposable
{
    /// <summary>Most of what a super-segment may carry: 44 segments of 1460 bytes.</summary>
    public const int MaxGsoBytes = 44 * 1460;

    private const int PacketBlockCount = 64;

    private const LinkFeatures NeededFeatures = LinkFeatures.TransmitChecksum | LinkFeatures.TransmitSegmentation;

    private readonly SipHash _tableKey;
    private readonly SipHash _sequenceKey;
    private readonly RoutingTable _routes;
    private readonly NeighborTable _neighbors;
    private readonly AddressDefence _defence;
    private readonly Reassembly _reassembly;
    private readonly PathMtu _paths;
    private readonly FlowTable<StackConnection> _flows = new();
    private readonly HalfOpen _halfOpen;
    private readonly TimeWaitTable _timeWait;
    private readonly ListenTable _listeners = new();
    private readonly PortAllocator _ports;
    private readonly DeadlineWheel _wheel;
    private readonly WakeQueue _wakes = new();
    private readonly ReplyQueue _replies = new();
    private readonly PacketBlocks _blocks = new(PacketBlockCount);
    private readonly LinkedList<StackConnection> _orphans = new();
    private readonly bool _hasLinkHeader;
    private long _lastId;
    private int _foreignFlows;
    private int _mtu;
    private bool _isStopped;
    private bool _isLinkDown;

    /// <exception cref="ArgumentException">The link lacks transmit checksums or segmentation.</exception>
    public StackCore(StackConfig config, Instant now)
    {
        if ((config.Link.Features & NeededFeatures) != NeededFeatures)
            throw new ArgumentException(
                "The link must finish checksums and cut segments: decorate it.", nameof(config));

        Config = config;
        _mtu = config.Mtu;
        _hasLinkHeader = config.Link.Medium == LinkMedium.Ethernet;
        _tableKey = Derive(config.Secret, 1);
        _sequenceKey = Derive(config.Secret, 2);
        _routes = MakeRoutes(config);
        _neighbors = new NeighborTable(config.MacAddress, _routes, config.Ip);
        bool detects = config.DetectConflicts && _hasLinkHeader
            && (config.Link.Features & LinkFeatures.PointToPoint) == 0;
        _defence = new AddressDefence(config.MacAddress, _routes.Addresses, detects, now, config.Ip);
        _addressState = _defence.State;
        _paths = new PathMtu(_mtu, limits: config.Ip);
        _reassembly = new Reassembly(config.Ip);
        _resetLimit = new RateLimit(config.StrangerRepliesPerSecond, Derive(config.Secret, 5));
        _icmpLimit = new RateLimit(config.StrangerRepliesPerSecond, Derive(config.Secret, 6));
        _challenges = MakeChallengeBudget(config, Derive(config.Secret, 7));
        _halfOpen = new HalfOpen(config.MaxHalfOpen);
        _cookies = new SynCookies(Derive(config.Secret, 4));
        _timeWait = new TimeWaitTable(_tableKey, config.MaxTimeWait, config.TimeWait);
        _ports = new PortAllocator(Derive(config.Secret, 3), config.FirstEphemeralPort, config.LastEphemeralPort);
        _wheel = new DeadlineWheel(now);
    }

    public StackConfig Config { get; }

    public StackCounters Counters { get; } = new();

    /// <summary>Connections in the flow table, orphans included, TIME-WAIT entries not.</summary>
    public int ConnectionCount => _flows.Count;

    public int OrphanCount => _orphans.Count;

    public int TimeWaitCount => _timeWait.Count;

    public int HalfOpenCount => _halfOpen.Count;

    /// <summary>How far the claim of our addresses is (RFC 5227).</summary>
    public AddressState AddressState => _addressState;

    /// <summary>The addresses and routes of the stack.</summary>
    public RoutingTable Routes => _routes;

    /// <summary>The ARP table.</summary>
    public NeighborTable Neighbors => _neighbors;

    /// <summary>The MTU in bytes.</summary>
    public int Mtu => _mtu;

    /// <summary>Connections that are not forgotten, in no order.</summary>
    public void CopyConnectionsTo(List<StackConnection> connections) => _flows.CopyTo(connections);

    /// <summary>Whether wake-ups tell of next hops that were found, or not.</summary>
    public bool TellsNeighbors { get; set; }

    /// <summary>Why the last frame went no further; none if it did.</summary>
    public PacketDropReason LastDrop { get; private set; }

    /// <summary>The connection that the last frame was for, if there is one.</summary>
    public StackConnection? LastConnection { get; private set; }

    public bool TryNextWakeup(out Wakeup wakeup) => _wakes.TryTake(out wakeup);

    /// <summary>Frees the header blocks.</summary>
    public void Dispose()
    {
        _frames.Dispose();
        _blocks.Dispose();
    }

    // The tables, the sequence numbers and the ports must tell nothing of one another.
    private static SipHash Derive(in SipHash secret, ulong domain) =>
        new(secret.Hash(domain, 1), secret.Hash(domain, 2));

    private static RoutingTable MakeRoutes(StackConfig config)
    {
        var addresses = new LocalAddress[config.Addresses.Count];
        for (int i = 0; i < addresses.Length; i++)
        {
            addresses[i] = new LocalAddress(config.Addresses[i].Address, config.Addresses[i].PrefixLength);
        }

        var byMetric = new List<StackRoute>(config.Routes);
        byMetric.Sort(static (a, b) => a.Metric.CompareTo(b.Metric));
        var routes = new Route[byMetric.Count];
        for (int i = 0; i < routes.Length; i++)
        {
            routes[i] = new Route(byMetric[i].Destination, byMetric[i].PrefixLength, byMetric[i].NextHop);
        }

        return new RoutingTable(addresses, config.Gateway, routes, config.Link.Medium == LinkMedium.Ip);
    }

    /// <summary>The settings of a connection, with what only the stack knows filled in.</summary>
    internal TcpConfig Complete(TcpConfig config) => config with
    {
        IsV4 = true,
        ReceiveMss = Mss.Min(config.ReceiveMss, Mss.FromMtu(_mtu, isV4: true)),
        MaxGsoBytes = MaxGsoBytes,
        ChallengeBudget = _challenges,
    };

    private SendQueue NewSendQueue() => new(Config.Chunks);

    private ReceiveQueue NewReceiveQueue(TcpConfig config) => new(Config.Chunks, config.ReceiveBufferBytes);

    private void Admit(StackConnection connection)
    {
        _flows.Add(connection);
        if (connection.IsForeign)
            _foreignFlows++;
    }

    /// <summary>
    /// What a machine says is put where it will be acted on: the wheel, the dirty list, the wake-ups.
    /// </summary>
    private void Apply(StackConnection connection, Effects effects, Instant now)
    {
        const Effects told = Effects.Readable | Effects.Writable | Effects.Connected | Effects.TimeWait
            | Effects.Closed | Effects.OutputAcknowledged | Effects.Urgent;
        const Effects advice = Effects.NegativeAdvice | Effects.ForwardProgress;
        connection.LastEvent = Instant.Max(connection.LastEvent, now);
        if ((effects & told) != 0)
            Tell(connection, effects & told);
        if ((effects & Effects.PathMtu) != 0)
            LearnPathMtu(connection, now);
        if ((effects & advice) != 0)
            Advise(connection, effects, now);
        if (IsOver(connection))
        {
            End(connection);
            return;
        }

        _wheel.Arm(connection, connection.Tcb.NextDeadline);
        if ((effects & Effects.Transmit) == 0)
            return;
        if (connection.Tcb.OwesReset)
            PlanAnswers(connection);
        MarkDirty(connection);
    }

    private void Tell(StackConnection connection, Effects effects)
    {
        if ((effects & Effects.Connected) != 0)
            connection.WasConnected = true;
        if ((effects & Effects.Closed) != 0)
            CountEnd(connection);
        connection.UnreportedEffects |= effects;
        if (connection.Owner is not null)
            _wakes.Add(connection);
    }

    private void Advise(StackConnection connection, Effects effects, Instant now)
    {
        if (!_hasLinkHeader || connection.IsLooped)
            return;
        if ((effects & Effects.ForwardProgress) != 0)
            _neighbors.Confirm(connection.NextHop, now);
        else
            _neighbors.Suspect(connection.NextHop, now);
    }

    private void Drop(PacketDropReason reason)
    {
        LastDrop = reason;
        Counters.Drop(reason);
    }
}
