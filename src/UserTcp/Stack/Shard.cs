using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The flows of a host, without clock, threads or devices: frames, calls and time come in, frames and wake-ups go out.
/// All members only under the door. This class joins the parts, and passes packets to ourselves from output to input.
/// </summary>
internal sealed class Shard : IDisposable
{
    private const int PacketBlockCount = 64;

    /// <summary>How often packets to ourselves go round in one pull.</summary>
    private const int MaxLoopRounds = 4;

    private readonly Host _host;
    private readonly WakeQueue _wakes = new();
    private readonly PacketBlocks _blocks = new(PacketBlockCount);
    private readonly LoopQueue _loop = new();
    private readonly Flows _flows;
    private readonly Connections _connections;
    private readonly AddressResolution _resolution;
    private readonly PathMtus _pathMtus;
    private readonly PassiveOpens _passiveOpens;
    private readonly ActiveOpens _activeOpens;
    private readonly EchoRequests _echoes;
    private readonly Listening _listening;
    private readonly Ingress _ingress;
    private readonly FrameBuilder _builder;
    private readonly Egress _egress;
    private readonly ITimed[] _timed;
    private bool _isStopped;

    /// <param name="host">The identity.</param>
    /// <param name="sources">
    /// Further protocols with something to send, asked after all others; their timers are kept if they are
    /// <see cref="ITimed"/>.
    /// </param>
    public Shard(Host host, params ReadOnlySpan<IOutputSource> sources)
    {
        _host = host;
        Instant now = host.Start;
        StackConfig config = host.Config;
        RoutingTable routes = host.Routes;
        LinkState link = host.Link;
        var answers = new Answers(routes, link, host.ResetLimit, host.IcmpLimit, _blocks, _wakes, Counters);
        var nextHops = new NextHops(routes, host.Neighbors, link, _wakes, Counters);
        var numbers = new InitialNumbers(host.NumberKey);
        _flows = new Flows(host.TableKey, host.Ports, host.Listeners, numbers, config);
        _connections = new Connections(config, _flows, nextHops, host.Paths, answers, _loop, _wakes, Counters, now);
        _resolution = new AddressResolution(
            routes, host.Neighbors, host.Arp, host.Defence, link, _connections, answers, _wakes, Counters);
        _pathMtus = new PathMtus(host.Paths, _flows, _connections);

        var cookies = new CookieOpens(host.Cookies, numbers, answers);
        _passiveOpens = new PassiveOpens(
            _flows, _connections, cookies, numbers, host.Challenges, answers, routes, config.Chunks, _wakes,
            Counters, now);
        _activeOpens = new ActiveOpens(
            _flows, _connections, nextHops, routes, numbers, config.Chunks, Counters);
        _echoes = new EchoRequests(nextHops, link, answers, _blocks);
        _listening = new Listening(host.Listeners, host.Ports, routes, _passiveOpens, _connections);

        var checks = new SegmentChecks(config.Checksums, link);
        var segments = new SegmentInput(
            routes, host.Listeners, checks, host.Challenges, _flows, _connections, _passiveOpens, answers, _wakes,
            Counters);
        var icmp = new IcmpInput(
            config, routes, link, _flows, _connections, _pathMtus, answers, _wakes, Counters);
        var fragments = new Fragments(config.Ip, routes, answers, Counters);
        _ingress = new Ingress(
            link, routes, host.Listeners, _flows, _resolution, fragments, segments, icmp, answers, Counters);

        _builder = new FrameBuilder(link);
        _egress = new Egress(
            [_resolution, answers, _connections, .. sources], nextHops, _builder, answers, _loop, _wakes, Counters);
        _timed = [_connections, _passiveOpens, _flows, _resolution, fragments, _pathMtus, .. TimedOf(sources)];
    }

    public StackConfig Config => _host.Config;

    public StackCounters Counters { get; } = new();

    /// <summary>Connections, orphans included, TIME-WAIT and half-open ones not.</summary>
    public int ConnectionCount => _flows.ConnectionCount;

    public int OrphanCount => _connections.OrphanCount;

    public int TimeWaitCount => _flows.TimeWaitCount;

    public int HalfOpenCount => _flows.HalfOpenCount;

    /// <summary>How far the claim of our addresses is (RFC 5227).</summary>
    public AddressState AddressState => _resolution.State;

    /// <summary>The challenge ACKs of all connections, and what was sent of them.</summary>
    public ChallengeBudget Challenges => _host.Challenges;

    /// <summary>The neighbours on the link.</summary>
    public NeighborTable Neighbors => _host.Neighbors;

    /// <summary>The MTU in bytes.</summary>
    public int Mtu => _host.Link.Mtu;

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
    public bool HasPendingOutput => !_host.Link.IsDown && (_egress.HasOutput || _loop.Count > 0);

    /// <summary>Connections that are not forgotten, in no order.</summary>
    public void CopyConnectionsTo(List<StackConnection> connections) => _flows.CopyTo(connections);

    public bool TryNextWakeup(out Wakeup wakeup) => _wakes.TryTake(out wakeup);

    public FrameOutcome OnFrame(RxFrame frame, Instant arrival) => _ingress.OnFrame(frame, arrival);

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
        if (_host.Link.IsDown)
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
            : _activeOpens.Connect(call with { Config = _host.Complete(call.Config) }, now, out connection);
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
            : _listening.Listen(call with { Config = _host.Complete(call.Config) }, out listener);
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
        _passiveOpens.Accept(request, _host.Complete(config), now);

    /// <summary>Answers RST, ICMP or nothing. False if the request is no longer pending.</summary>
    public bool RejectRequest(StackRequest request, RejectReason reason, Instant now) =>
        _passiveOpens.Reject(request, reason, now);

    /// <summary>The link takes packets of this size from now on; every connection cuts anew.</summary>
    public void OnMtuChanged(int mtu, Instant now)
    {
        _host.OnMtuChanged(mtu);
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
        _host.Link.IsDown = true;
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
