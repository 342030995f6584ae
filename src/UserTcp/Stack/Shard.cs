using UserTcp.Buffers;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// Flows of a host, without clock, threads or devices: frames, calls and time come in, frames and wake-ups go out.
/// Frames that concern another shard go out, too. All members only under the door. This class joins the parts, and
/// passes packets to ourselves from output to input.
/// </summary>
internal sealed class Shard : IDisposable
{
    private const int PacketBlockCount = 64;

    /// <summary>How often packets to ourselves go round in one pull.</summary>
    private const int MaxLoopRounds = 4;

    private readonly RoutingTable _routes;
    private readonly LinkState _link;
    private readonly PathMtu _paths;
    private readonly ListenTable _listeners = new();
    private readonly HandOvers _handOvers;
    private readonly WakeQueue _wakes = new();
    private readonly PacketBlocks _blocks = new(PacketBlockCount);
    private readonly LoopQueue _loop = new();
    private readonly Flows _flows;
    private readonly Connections _connections;
    private readonly AddressResolution _resolution;
    private readonly PathMtus _pathMtus;
    private readonly PassiveOpens _passiveOpens;
    private readonly ActiveOpens _activeOpens;
    private readonly Answers _answers;
    private readonly EchoRequests _echoes;
    private readonly Listening _listening;
    private readonly Ingress _ingress;
    private readonly FrameBuilder _builder;
    private readonly Egress _egress;
    private readonly ITimed[] _timed;
    private CompleteConfigs _configs = new();
    private bool _isStopped;

    /// <param name="host">The identity.</param>
    /// <param name="index">Which of the shards this is, from 0.</param>
    /// <param name="sources">
    /// Further protocols with something to send, asked after all others; their timers are kept if they are
    /// <see cref="ITimed"/>.
    /// </param>
    public Shard(Host host, int index = 0, params ReadOnlySpan<IOutputSource> sources)
    {
        Instant now = host.Start;
        StackConfig config = host.Config;
        RoutingTable routes = _routes = host.Routes;
        var place = new ShardPlace(host.Steering, index);
        LinkState link = _link = new LinkState(config.Link, config.MacAddress, config.Mtu);
        Config = config;
        Chunks = config.Shards == 1 ? config.Chunks : config.Chunks.ForShard(config.Shards);
        Challenges = new ChallengeBudget(host.ChallengeLimit, config.ChallengeAcksPerConnection);
        Neighbors = new NeighborTable(config.Ip);
        _handOvers = new HandOvers(config.Shards, Counters);
        var ports = new PortAllocator(host.PortKey, config.FirstEphemeralPort, config.LastEphemeralPort);
        Answers answers = _answers = new Answers(routes, link, host.ResetLimit, host.IcmpLimit, _blocks, _wakes, Counters);
        var nextHops = new NextHops(routes, Neighbors, link, _wakes, Counters);
        var numbers = new InitialNumbers(host.NumberKey);
        _flows = new Flows(host.TableKey, place, ports, _listeners, numbers, host.Counts, config);
        _paths = new PathMtu(config.Mtu, limits: config.Ip);
        var orphans = new Orphans(config.MaxOrphans, host.Counts.Orphans, Chunks);
        _connections = new Connections(
            config, _flows, nextHops, _paths, orphans, answers, _loop, _wakes, Counters, now);
        _resolution = new AddressResolution(
            routes, Neighbors, new ArpNeighbors(config.MacAddress, routes, Neighbors), DefenceOf(place, host, link),
            link, _connections, _handOvers, answers, _wakes, Counters);
        _pathMtus = new PathMtus(_paths, _flows, _connections);

        var cookies = new CookieOpens(host.Cookies, numbers, answers);
        _passiveOpens = new PassiveOpens(
            _flows, _connections, cookies, numbers, Challenges, answers, routes, Chunks, _wakes, Counters, now);
        _activeOpens = new ActiveOpens(
            _flows, _connections, nextHops, routes, numbers, Chunks, Counters);
        _echoes = new EchoRequests(nextHops, link, answers, _blocks);
        _listening = new Listening(_listeners, ports, routes, _passiveOpens, _connections);

        var checks = new SegmentChecks(config.Checksums, link);
        var segments = new SegmentInput(
            routes, _listeners, checks, Challenges, _flows, _connections, _passiveOpens, answers, _wakes, Counters);
        var icmp = new IcmpInput(
            config, place, routes, link, _flows, _connections, _pathMtus, _handOvers, answers, _wakes, Counters);
        var fragments = new Fragments(config.Ip, routes, answers, Counters);
        _ingress = new Ingress(
            place, link, routes, _listeners, _flows, _resolution, fragments, segments, icmp, _handOvers, answers,
            Counters);

        _builder = new FrameBuilder(link);
        _egress = new Egress(
            [_resolution, answers, _connections, .. sources], nextHops, _builder, answers, _loop, _wakes, Counters);
        _timed = [_connections, _passiveOpens, _flows, _resolution, fragments, _pathMtus, .. TimedOf(sources)];
    }

    public StackConfig Config { get; }

    /// <summary>The buffer memory of these connections.</summary>
    public ChunkPool Chunks { get; }

    public StackCounters Counters { get; } = new();

    /// <summary>Connections, orphans included, TIME-WAIT and half-open ones not.</summary>
    public int ConnectionCount => _flows.ConnectionCount;

    public int OrphanCount => _connections.OrphanCount;

    public int TimeWaitCount => _flows.TimeWaitCount;

    public int HalfOpenCount => _flows.HalfOpenCount;

    /// <summary>How far the claim of our addresses is (RFC 5227).</summary>
    public AddressState AddressState => _resolution.State;

    /// <summary>The challenge ACKs of all connections, and what was sent of them.</summary>
    public ChallengeBudget Challenges { get; }

    /// <summary>The neighbours on the link. Each shard asks for those that it sends to.</summary>
    public NeighborTable Neighbors { get; }

    /// <summary>The MTU in bytes.</summary>
    public int Mtu => _link.Mtu;

    /// <summary>Whether wake-ups tell of next hops that were found, or not.</summary>
    public bool TellsNeighbors
    {
        get => _resolution.TellsNeighbors;
        set => _resolution.TellsNeighbors = value;
    }

    /// <summary>The earliest of all timers; waking earlier does no harm.</summary>
    public Instant NextDeadline
    {
        get
        {
            Instant next = Instant.Never;
            foreach (ITimed timed in _timed)
            {
                next = Instant.Min(next, timed.NextDeadline);
            }

            return next;
        }
    }

    /// <summary>Whether another turn is due at once, or once the device takes frames again.</summary>
    public bool HasPendingOutput => !_link.IsDown && (_egress.HasOutput || _loop.Count > 0);

    /// <summary>Connections that are not forgotten, in no order.</summary>
    public void CopyConnectionsTo(List<StackConnection> connections) => _flows.CopyTo(connections);

    public bool TryNextWakeup(out Wakeup wakeup) => _wakes.TryTake(out wakeup);

    public FrameOutcome OnFrame(RxFrame frame, Instant arrival) => _ingress.OnFrame(frame, arrival);

    /// <summary>Something that another shard got.</summary>
    public FrameOutcome OnHandOver(in HandOver handOver) => _ingress.OnHandOver(handOver);

    /// <summary>The next of what arrived here and concerns another shard; take all after each batch.</summary>
    public bool TryNextHandOver(out HandOver handOver) => _handOvers.TryTake(out handOver);

    public void OnDeadline(Instant now) => OnDeadline(now, now);

    /// <summary>Time has passed, and not all of it may count for connections (<see cref="ITimed"/>).</summary>
    public void OnDeadline(Instant dueBy, Instant now)
    {
        foreach (ITimed timed in _timed)
        {
            timed.OnDeadline(dueBy, now);
        }
    }

    /// <summary>
    /// Builds frames in the shard's own header blocks, valid until <see cref="FramesAccepted"/>, which must follow
    /// before anything else is called if the result is not 0. A turn's output ends with a result of 0.
    /// </summary>
    public int PullFrames(Span<TxFrame> frames, Instant now)
    {
        if (_link.IsDown)
            return 0;

        int room = Math.Min(frames.Length, FrameSlots.Count);
        _egress.Begin();
        DeliverLooped(now);
        int pulled = _egress.Pull(frames, now);
        for (int round = 0; round < MaxLoopRounds && _loop.Count > 0 && pulled < room; round++)
        {
            DeliverLooped(now);
            pulled = _egress.Pull(frames, now);
        }

        if (pulled == 0)
            _connections.EndTurn();
        return pulled;
    }

    /// <summary>The device took the first <paramref name="count"/>; the rest is built again by the next pull.</summary>
    public void FramesAccepted(int count) => _egress.OnAccepted(count);

    /// <summary>
    /// Starts an active OPEN. Its end comes as a wake-up: Connected, or Closed and the Tcb's CloseReason.
    /// </summary>
    public CallResult Connect(in ConnectCall call, Instant now, out StackConnection? connection)
    {
        connection = null;
        return _isStopped
            ? CallResult.Stopped
            : _activeOpens.Connect(call with { Config = Complete(call.Config) }, now, out connection);
    }

    /// <summary>
    /// Gives a connection (new from Connect, TryAccept or an established request) its owner, and wakes it for
    /// everything that happened before.
    /// </summary>
    public void Adopt(StackConnection connection, object owner) => _connections.Adopt(connection, owner);

    /// <summary>A forgotten connection ignores it.</summary>
    public void OnUserCall(StackConnection connection, in UserCall call, Instant now) =>
        _connections.OnUserCall(connection, call, now);

    /// <summary>Sends an echo request. The answer comes as a wake-up; timing out is the caller's.</summary>
    public CallResult Ping(
        HostAddress destination, ushort identifier, ushort sequence, ReadOnlySpan<byte> payload, byte timeToLive,
        Instant now) =>
        _isStopped
            ? CallResult.Stopped
            : _echoes.Send(destination, identifier, sequence, payload, timeToLive, now);

    public CallResult Listen(in ListenCall call, out StackListener? listener)
    {
        listener = null;
        return _isStopped
            ? CallResult.Stopped
            : _listening.Listen(call with { Config = Complete(call.Config) }, out listener);
    }

    /// <summary>Takes the oldest connection that nobody accepted; then <see cref="Adopt"/> it.</summary>
    public bool TryAccept(StackListener listener, out StackConnection? connection)
    {
        bool isTaken = listener.TryDequeue(out connection);
        listener.Accepted += isTaken ? 1 : 0;
        return isTaken;
    }

    /// <summary>
    /// Half-open connections and those not accepted are reset, pending requests cancelled. Idempotent.
    /// </summary>
    public void CloseListener(StackListener listener, Instant now) => _listening.Close(listener, now);

    /// <summary>Sends the SYN-ACK. False if the request is no longer pending.</summary>
    public bool AcceptRequest(StackRequest request, TcpConfig config, Instant now) =>
        _passiveOpens.Accept(request, Complete(config), now);

    /// <summary>Answers RST, ICMP or nothing. False if the request is no longer pending.</summary>
    public bool RejectRequest(StackRequest request, RejectReason reason, Instant now) =>
        _passiveOpens.Reject(request, reason, now);

    /// <summary>
    /// Claims another address for the host, on shard 0. A wake-up tells what comes of it: AddressClaimed, or
    /// AddressConflict; then it must be released.
    /// </summary>
    /// <exception cref="ArgumentException">The address cannot be a host's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The prefix length is not between 1 and 32.</exception>
    public void ClaimAddress(LocalAddress address, Instant now)
    {
        _routes.Validate(address);
        _resolution.Claim(address, now);
    }

    /// <summary>
    /// An address is no longer the host's, nor claimed for it. On shard 0; then <see cref="EndAddress"/> on all. False
    /// if it was neither.
    /// </summary>
    public bool ReleaseAddress(HostAddress address) => _resolution.Release(address);

    /// <summary>Whether nothing new should begin with an address of the host's; on shard 0. False if it is not
    /// ours.</summary>
    public bool DeprecateAddress(HostAddress address, bool isDeprecated)
    {
        foreach (LocalAddress local in _routes.Addresses)
        {
            if (local.Address != address)
                continue;
            _routes.Set(local with { IsDeprecated = isDeprecated });
            return true;
        }

        return false;
    }

    /// <summary>
    /// The host has lost an address: all connections with it end with AddressLost, and nothing is sent from it.
    /// </summary>
    public void EndAddress(HostAddress lost, Instant now)
    {
        _passiveOpens.EndAll(lost);
        _connections.EndAll(lost, now);
        _answers.Forget(lost);
    }

    /// <summary>The link takes packets of this size from now on; every connection cuts anew.</summary>
    public void OnMtuChanged(int mtu, Instant now)
    {
        _link.Mtu = mtu;
        _paths.LinkMtu = mtu;
        foreach (StackListener listener in _listeners.All)
        {
            listener.Config = Complete(listener.Config);
        }

        _pathMtus.OnLinkMtu(now);
    }

    /// <summary>Ends every connection with StackStopped (RSTs are pulled as usual) and closes every listener.</summary>
    public void Stop(Instant now)
    {
        _isStopped = true;
        _listening.CloseAll(now);
        _connections.EndAll(UserCall.StackStopped, now);
    }

    /// <summary>The device is gone: every connection ends with LinkDown and nothing is sent any more.</summary>
    public void OnLinkDown(Instant now)
    {
        _connections.EndAll(UserCall.LinkDown, now);
        _link.IsDown = true;
        _isStopped = true;
        _loop.Clear();
        _listening.CloseAll(now);
    }

    /// <summary>Frees the header blocks.</summary>
    public void Dispose()
    {
        _builder.Dispose();
        _blocks.Dispose();
    }

    /// <summary>The settings of a connection, with what only the shard knows filled in.</summary>
    public TcpConfig Complete(TcpConfig config) => _configs.Complete(config, _link.Mtu, Challenges);

    // One shard claims the addresses and answers for them; it is the one that ARP arrives at.
    private static AddressDefence DefenceOf(in ShardPlace place, Host host, LinkState link)
    {
        StackConfig config = host.Config;
        bool detects = config.DetectConflicts && link.HasHeader
            && (config.Link.Features & LinkFeatures.PointToPoint) == 0;
        ReadOnlySpan<LocalAddress> claimed = place.Index == 0 ? host.Routes.Addresses : [];
        return new AddressDefence(config.MacAddress, claimed, detects, host.Start, config.Ip);
    }

    private void DeliverLooped(Instant now)
    {
        for (int left = _loop.Count; left > 0; left--)
        {
            _ingress.OnLooped(_loop.First, now);
            _loop.RemoveFirst();
        }
    }

    private static List<ITimed> TimedOf(ReadOnlySpan<IOutputSource> sources)
    {
        var timed = new List<ITimed>();
        foreach (IOutputSource source in sources)
        {
            if (source is ITimed also)
                timed.Add(also);
        }

        return timed;
    }
}
