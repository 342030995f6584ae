using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <summary>
/// The flows of a shard, each in one table: connections, half-open ones, TIME-WAIT. A flow that leaves its table gives
/// its port back.
/// </summary>
internal sealed class Flows(
    in SipHash key, ShardPlace place, PortAllocator ports, ListenTable listeners, InitialNumbers numbers,
    HostCounts counts, StackConfig limits) : ITimed
{
    private readonly SipHash _key = key;
    private readonly FlowTable<StackConnection> _connections = new();
    private readonly HalfOpen _halfOpen = new(limits.MaxHalfOpen, counts.HalfOpen);
    private readonly TimeWaitTable _timeWait = new(key, Math.Max(1, limits.MaxTimeWait / place.Count), limits.TimeWait);
    private long _numbered;

    // Segments come in trains: the hash is left out for all but the first of one.
    private StackConnection? _lastFound;

    /// <summary>Connections, orphans included, half-open ones not.</summary>
    public int ConnectionCount => _connections.Count;

    public int HalfOpenCount => _halfOpen.Count;

    public int TimeWaitCount => _timeWait.Count;

    /// <summary>Whether another connection may begin.</summary>
    public bool HasRoom => counts.Connections.Value + counts.HalfOpen.Value < limits.MaxConnections;

    /// <summary>Whether another connection may be made of a handshake that no table remembers.</summary>
    public bool HasRoomForCookie => counts.Connections.Value < limits.MaxConnections;

    /// <summary>
    /// Whether packets to addresses that are not ours may be for a connection, of any shard: the first one gets the
    /// fragments and ICMP errors of all.
    /// </summary>
    public bool HasForeign => counts.Foreign.Value > 0;

    public Instant NextDeadline => _timeWait.NextDeadline;

    public ulong Hash(in FlowKey flow) => _key.Hash(flow);

    /// <summary>Numbers the connections of all shards from 1, each shard its own.</summary>
    public long NextId() => (_numbered++ * place.Count) + place.Index + 1;

    /// <summary>The connection of the last segment, if it is the flow's.</summary>
    public StackConnection? FindAgain(in FlowKey flow) =>
        _lastFound is { } last && last.Flow == flow ? last : null;

    public StackConnection? Find(in FlowKey flow, ulong hash) => _connections.Find(flow, hash);

    /// <summary>The next segment is expected to be of this connection, too.</summary>
    public void Remember(StackConnection connection) => _lastFound = connection;

    public void Add(StackConnection connection)
    {
        _connections.Add(connection);
        Count(connection, 1);
    }

    public void Remove(StackConnection connection)
    {
        if (ReferenceEquals(_lastFound, connection))
            _lastFound = null;
        if (_connections.Remove(connection))
            Count(connection, -1);
        ports.OnReleased(connection.Flow);
        numbers.OnEnded(connection.Flow, connection.Tcb.SendNext, connection.LastEvent);
    }

    /// <summary>Appends all connections, in no order.</summary>
    public void CopyTo(List<StackConnection> connections) => _connections.CopyTo(connections);

    public HalfOpenEntry? FindHalfOpen(in FlowKey flow, ulong hash) => _halfOpen.Find(flow, hash);

    /// <summary>Whether a listener may have another half-open connection.</summary>
    public bool HasRoomForHalfOpen(StackListener listener) => _halfOpen.HasRoomFor(listener);

    public void Add(HalfOpenEntry entry) => _halfOpen.Add(entry);

    public void Remove(HalfOpenEntry entry)
    {
        _halfOpen.Remove(entry);
        ports.OnReleased(entry.Flow);
    }

    /// <summary>Appends all half-open connections, in no order.</summary>
    public void CopyTo(List<HalfOpenEntry> entries) => _halfOpen.CopyTo(entries);

    public bool TryFindTimeWait(in FlowKey flow, ulong hash, out TimeWaitState state) =>
        _timeWait.TryFind(flow, hash, out state);

    /// <summary>TIME-WAIT begins; the oldest one gives way if there are too many.</summary>
    public void EnterTimeWait(in FlowKey flow, ulong hash, in TimeWaitState state, Instant now)
    {
        if (_timeWait.TryEvict(out FlowKey evicted))
            ports.OnReleased(evicted);
        _timeWait.Add(flow, hash, state, now);
    }

    public void RestartTimeWait(in FlowKey flow, ulong hash, Instant now) => _timeWait.Restart(flow, hash, now);

    /// <summary>Whether TIME-WAIT may challenge now (<see cref="TimeWaitTable.TryChallenge"/>).</summary>
    public bool TryChallenge(in FlowKey flow, ulong hash, Instant now) => _timeWait.TryChallenge(flow, hash, now);

    /// <summary>TIME-WAIT, if the flow is in it, is over, and the port may be had again.</summary>
    public void EndTimeWait(in FlowKey flow, ulong hash)
    {
        if (_timeWait.Take(flow, hash))
            ports.OnReleased(flow);
    }

    public void OnDeadline(Instant dueBy, Instant now)
    {
        while (_timeWait.TryExpire(now, out FlowKey flow))
        {
            ports.OnReleased(flow);
        }
    }

    /// <summary>The state of a flow's local port.</summary>
    public PortState PortOf(in FlowKey flow)
    {
        if (place.IsElsewhere(flow))
            return PortState.Elsewhere;

        ulong hash = _key.Hash(flow);
        if (_connections.Find(flow, hash) is not null || _halfOpen.Find(flow, hash) is not null)
            return PortState.Taken;
        if (listeners.IsPortBound(flow.Local, flow.LocalPort))
            return PortState.Taken;
        if (!_timeWait.TryFind(flow, hash, out TimeWaitState state))
            return PortState.Free;

        return state.HasTimestamps ? PortState.Reusable : PortState.Taken;
    }

    /// <summary>
    /// Chooses the local port of a flow that has none yet. TIME-WAIT is left alone as long as there is another port
    /// nearby; then the oldest incarnations give way, if a later timestamp will tell the new one from them (RFC 6191
    /// §2).
    /// </summary>
    public bool TryPickPort(in FlowKey flow, bool mayReuse, out ushort port) =>
        ports.TryPick(flow, mayReuse, new FlowUse(this, flow), out port);

    private void Count(StackConnection connection, int change)
    {
        counts.Connections.Add(change);
        if (connection.IsForeign)
            counts.Foreign.Add(change);
    }

    /// <summary>Which local ports are taken towards a destination.</summary>
    private readonly record struct FlowUse(Flows Flows, FlowKey Flow) : IPortUse
    {
        public PortState Of(ushort port) => Flows.PortOf(Flow with { LocalPort = port });
    }
}
