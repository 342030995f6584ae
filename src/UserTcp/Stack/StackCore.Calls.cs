using UserTcp.Buffers;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>The arguments of an active OPEN (RFC 9293 §3.9.1.1).</summary>
internal readonly record struct ConnectCall
{
    public HostAddress Remote { get; init; }

    public ushort RemotePort { get; init; }

    /// <summary>Null: chosen by the route.</summary>
    public HostAddress? Local { get; init; }

    /// <summary>0: an ephemeral port.</summary>
    public ushort LocalPort { get; init; }

    public TcpConfig Config { get; init; }
}

/// <content>The user's calls, but for those of listeners.</content>
internal sealed partial class StackCore
{
    /// <summary>How many orphans are asked for one that overdraws: the bound must not grow with their number.</summary>
    private const int OrphansAsked = 64;

    /// <summary>
    /// Starts an active OPEN. Its end comes as a wake-up: Connected, or Closed and the Tcb's CloseReason.
    /// </summary>
    public CallResult Connect(in ConnectCall call, Instant now, out StackConnection? connection)
    {
        connection = null;
        CallResult result = CheckConnect(call, out NextHop hop);
        if (result != CallResult.Done)
            return result;

        HostAddress local = call.Local ?? hop.Source;
        if (!HasRoomToAsk(hop, call.Remote, now))
            return CallResult.NeighborTableFull;

        result = ChooseFlow(call, local, now, out FlowKey flow, out SeqNumber? beyond);
        if (result == CallResult.Done)
            connection = Open(flow, hop, call.Config, beyond, now);
        return result;
    }

    /// <summary>
    /// Gives a connection (new from Connect, TryAccept or an established request) its owner, and wakes it for
    /// everything that happened before.
    /// </summary>
    public void Adopt(StackConnection connection, object owner)
    {
        connection.Owner = owner;
        if (connection.UnreportedEffects != Effects.None)
            _wakes.Add(connection);
    }

    /// <summary>A forgotten connection ignores it.</summary>
    public void OnUserCall(StackConnection connection, in UserCall call, Instant now)
    {
        if (connection.IsForgotten)
            return;

        Apply(connection, connection.Tcb.OnUserCall(call, now), now);
        if (call.Kind == UserCallKind.Detach && connection.OrphanNode is null && !IsOver(connection))
        {
            connection.OrphanNode = _orphans.AddLast(connection);
            BoundOrphans(now);
        }
    }

    /// <summary>Sends an echo request. The answer comes as a wake-up; timing out is the caller's.</summary>
    public CallResult Ping(
        HostAddress destination, ushort identifier, ushort sequence, ReadOnlySpan<byte> payload, byte timeToLive,
        Instant now)
    {
        CallResult result = CheckDestination(destination, out NextHop hop);
        if (result != CallResult.Done)
            return result;

        if (!HasRoomToAsk(hop, destination, now))
            return CallResult.NeighborTableFull;

        int length = IcmpEcho.Overhead + payload.Length;
        if (length > _mtu)
            return CallResult.TooLong;
        if (_blocks.TryRent(length) is not { } block)
            return CallResult.QueueFull;

        block.Length = IcmpEcho.WriteRequest(
            block.Room, hop.Source, destination, identifier, sequence, payload, timeToLive);
        var plan = new OutgoingPlan
        {
            Kind = OutgoingKind.Packet,
            Packet = block,
            Flow = new FlowKey(hop.Source, 0, destination, 0),
            NextHop = hop.Address,
            IsLooped = _routes.IsLocal(destination),
        };
        if (_replies.TryAdd(plan))
            return CallResult.Done;
        _blocks.Return(block);
        return CallResult.QueueFull;
    }

    /// <summary>The link takes packets of this size from now on; every connection cuts anew.</summary>
    public void OnMtuChanged(int mtu, Instant now)
    {
        _mtu = mtu;
        _paths.LinkMtu = mtu;
        foreach (StackListener listener in _listeners.All)
        {
            listener.Config = Complete(listener.Config);
        }

        _flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            AdoptPathMtu(connection, now);
        }

        _scratch.Clear();
    }

    /// <summary>Ends every connection with StackStopped (RSTs are pulled as usual) and closes every listener.</summary>
    public void Stop(Instant now)
    {
        _isStopped = true;
        while (_listeners.Count > 0)
        {
            CloseListener(_listeners.All[^1], now);
        }

        EndAll(UserCall.StackStopped, now);
    }

    /// <summary>The device is gone: every connection ends with LinkDown and nothing is sent any more.</summary>
    public void OnLinkDown(Instant now)
    {
        EndAll(UserCall.LinkDown, now);
        _isLinkDown = true;
        _isStopped = true;
        _flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            Forget(connection);
        }

        _scratch.Clear();
        _loop.Clear();
        while (_listeners.Count > 0)
        {
            CloseListener(_listeners.All[^1], now);
        }
    }

    private void EndAll(UserCall call, Instant now)
    {
        _flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            OnUserCall(connection, call, now);
        }

        _scratch.Clear();
    }

    private CallResult CheckConnect(in ConnectCall call, out NextHop hop)
    {
        CallResult result = CheckDestination(call.Remote, out hop);
        if (result != CallResult.Done)
            return result;
        if (call.RemotePort == 0)
            return CallResult.InvalidDestination;
        if (_flows.Count + _halfOpen.Count >= Config.MaxConnections)
            return CallResult.TooManyConnections;

        return call.Local is { } local && !_routes.IsLocal(local) ? CallResult.NotOurAddress : CallResult.Done;
    }

    private CallResult CheckDestination(HostAddress destination, out NextHop hop)
    {
        hop = default;
        if (_isStopped)
            return CallResult.Stopped;
        if (!destination.IsV4)
            return CallResult.FamilyNotSupported;
        if (!_routes.IsUnicast(destination))
            return CallResult.InvalidDestination;

        return _routes.TryResolve(destination, out hop) ? CallResult.Done : CallResult.NoRoute;
    }

    private CallResult ChooseFlow(
        in ConnectCall call, HostAddress local, Instant now, out FlowKey flow, out SeqNumber? beyond)
    {
        beyond = null;
        flow = new FlowKey(local, call.LocalPort, call.Remote, call.RemotePort);
        if (call.LocalPort != 0)
            return new FlowUse(this, flow).Of(call.LocalPort) == PortState.Free
                ? CallResult.Done
                : CallResult.AddressInUse;

        // TIME-WAIT is left alone as long as there is another port nearby; then the oldest incarnations give way, if a
        // later timestamp will tell the new one from them (RFC 6191 §2).
        bool isFound = _ports.TryPick(flow, call.Config.Timestamps, new FlowUse(this, flow), out ushort port);
        flow = flow with { LocalPort = port };
        if (isFound)
            beyond = TakeFromTimeWait(flow);
        return isFound ? CallResult.Done : CallResult.NoPortLeft;
    }

    private SeqNumber? TakeFromTimeWait(in FlowKey flow)
    {
        ulong hash = _tableKey.Hash(flow);
        if (!_timeWait.TryFind(flow, hash, out TimeWaitState state))
            return null;
        EndTimeWait(flow, hash);
        return state.SendNext;
    }

    /// <summary>TIME-WAIT is over, and the port may be had again.</summary>
    private void EndTimeWait(in FlowKey flow, ulong hash)
    {
        _timeWait.Take(flow, hash);
        _ports.OnReleased(flow);
    }

    private StackConnection Open(in FlowKey flow, in NextHop hop, TcpConfig settings, SeqNumber? beyond, Instant now)
    {
        Counters.ConnectionsInitiated++;
        TcpConfig config = Complete(settings);
        SendQueue send = NewSendQueue();
        ReceiveQueue receive = NewReceiveQueue(config);
        uint offset = InitialSequence.TimestampOffset(_sequenceKey, flow);
        var connection = new StackConnection(++_lastId, flow, _tableKey.Hash(flow))
        {
            Tcb = new Tcb(config, send, receive, NextSequence(flow, beyond, now), offset),
            Send = send,
            Receive = receive,
            NextHop = hop.Address,
            IsLooped = _routes.IsLocal(flow.Remote),
            IsForeign = false,
        };
        Admit(connection);
        if (_hasLinkHeader && !connection.IsLooped)
            _neighbors.Resolve(hop.Address, now, out _); // from here on the place in the table is its own
        Apply(connection, connection.Tcb.OnUserCall(UserCall.Open, now), now);
        AdoptKnownPathMtu(connection, now);
        return connection;
    }

    /// <summary>
    /// A new orphan costs the oldest one its life if there are too many, or if the budget is used up: peers that take
    /// an octet at a time keep orphans alive for hours, with all that they hold.
    /// </summary>
    private void BoundOrphans(Instant now)
    {
        if (OrphanToEnd() is not { } node)
            return;

        _orphans.Remove(node);
        node.Value.OrphanNode = null;
        OnUserCall(node.Value, UserCall.Abort, now);
    }

    // Memory that a single write overdraws is paid for by one that does so, if there is one among the oldest.
    private LinkedListNode<StackConnection>? OrphanToEnd()
    {
        LinkedListNode<StackConnection>? oldest = _orphans.First;
        ChunkPool chunks = Config.Chunks;
        if (_orphans.Count > Config.MaxOrphans)
            return oldest;
        if (_orphans.Count <= 1 || chunks.BytesOut <= chunks.Budget)
            return null;
        if (chunks.BytesOut - chunks.Overdrawn > chunks.Budget)
            return oldest;

        LinkedListNode<StackConnection>? node = oldest;
        for (int asked = 0; asked < OrphansAsked && node is not null; asked++, node = node.Next)
        {
            if (node.Value.Send.IsOverdrawn)
                return node;
        }

        return oldest;
    }

    /// <summary>Which local ports are taken towards a destination.</summary>
    private readonly record struct FlowUse(StackCore Core, FlowKey Flow) : IPortUse
    {
        public PortState Of(ushort port)
        {
            FlowKey flow = Flow with { LocalPort = port };
            ulong hash = Core._tableKey.Hash(flow);
            if (Core._flows.Find(flow, hash) is not null || Core._halfOpen.Find(flow, hash) is not null)
                return PortState.Taken;
            if (Core._listeners.IsPortBound(flow.Local, port))
                return PortState.Taken;
            if (!Core._timeWait.TryFind(flow, hash, out TimeWaitState state))
                return PortState.Free;

            return state.HasTimestamps ? PortState.Reusable : PortState.Taken;
        }
    }
}
