using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>
/// A shard of a running stack: the core, its door, its loop on its queue of the link, and everybody who waits for its
/// connections. No thread is ever inside two doors.
/// </summary>
internal sealed class RunningShard : IStackOwner, IDisposable
{
    private readonly RunningStack _stack;
    private readonly Shard _core;
    private readonly LoopBell _bell;
    private readonly EventLoop _loop;
    private readonly Resolutions _resolutions;

    // All below changes under the door.
    private readonly HashSet<RunningConnection> _connections = [];

    public RunningShard(
        RunningStack stack, Host host, int index, LinkDevice queue, MonotonicClock clock, StackSettings settings,
        ShownFrames shown, LinkWatch losses, LimitedLogger resolutionLogger)
    {
        _stack = stack;
        Index = index;
        _core = new Shard(host, index) { TellsNeighbors = true };
        _resolutions = new Resolutions(stack.Name, stack.Meter, resolutionLogger);
        var taps = new TapQueue(shown);
        Watch = new FrameWatch(taps, losses);
        _bell = new LoopBell(queue);
        Door = new Door(_core, queue, clock, _bell, this, settings.Driver, taps);
        _loop = new EventLoop(this, queue, clock, _bell, settings);
    }

    /// <summary>From 0.</summary>
    public int Index { get; }

    public Door Door { get; }

    public FrameWatch Watch { get; }

    /// <summary>Chunks for the writers of all connections.</summary>
    public ChunkStash Stash { get; } = new();

    public RunningStack Stack => _stack;

    /// <summary>Packets that others have for this shard. A thread that adds some asks for a turn.</summary>
    public HandOverBox HandOvers { get; } = new();

    public LoopBell Bell => _bell;

    public EventLoop Loop => _loop;

    /// <summary>Read at the start, or under the door.</summary>
    public AddressState AddressState => _core.AddressState;

    /// <summary>A connection begins its life with the application.</summary>
    public RunningConnection OnNewConnection(Door.Visit visit, StackConnection core, ConnectionSettings settings)
    {
        var connection = new RunningConnection(this, core, settings);
        _connections.Add(connection);
        _resolutions.Add(connection, Spans.Current);
        visit.Shard.Adopt(core, connection);
        return connection;
    }

    public void OnConnectionEnd(RunningConnection connection)
    {
        _connections.Remove(connection);
        _resolutions.Remove(connection);
    }

    /// <summary>The connections that the application knows of and that are not over.</summary>
    public RunningConnection[] GetConnections()
    {
        using Door.Visit visit = Door.Enter();
        return [.. _connections];
    }

    /// <summary>Looks at the shard, at one moment.</summary>
    public TResult Look<TResult>(Func<Shard, Instant, TResult> look)
    {
        using Door.Visit visit = Door.Enter();
        return look(visit.Shard, visit.Now);
    }

    /// <summary>Looks at the shard, at one moment; null if it is over.</summary>
    public TResult? LookIfAlive<TResult>(Func<Shard, Instant, TResult?> look)
        where TResult : class
    {
        using Door.Visit visit = Door.Enter();
        return visit.IsDead ? null : look(visit.Shard, visit.Now);
    }

    /// <summary>Resets what is left.</summary>
    /// <returns>True while RSTs wait for the link.</returns>
    public bool Stop()
    {
        using (Door.Visit visit = Door.Enter())
        {
            if (visit.IsDead)
                return false;

            visit.Stop();
        }

        using (Door.Visit visit = Door.Enter())
            return !visit.IsDead && visit.Shard.HasPendingOutput;
    }

    /// <summary>Ends the use of the core; false if it was ended before.</summary>
    public bool Kill()
    {
        using Door.Visit visit = Door.Enter();
        return visit.Kill();
    }

    /// <summary>Gives the memory back; after the last turn.</summary>
    public void Dispose()
    {
        _core.Dispose();
        _loop.Dispose();
    }

    void IStackOwner.OnMail(MailNode node, int bits, Door.Visit visit)
    {
        ((RunningConnection)node).OnMail((PipeCalls)bits, visit);
        Stash.Refill(_core.Chunks);
    }

    void IStackOwner.OnWakeup(in Wakeup wakeup, Door.Visit visit)
    {
        switch (wakeup.Kind)
        {
            case WakeupKind.Connection:
                ((RunningConnection?)wakeup.Connection.Owner)?.OnEffects(wakeup.Effects, visit.Wakes);
                break;
            case WakeupKind.Listener:
                ((RunningListener?)wakeup.Listener.Owner)?.OnConnections(this, visit);
                break;
            case WakeupKind.Request:
                OnRequest(wakeup.Request, visit);
                break;
            case WakeupKind.NeighborFound:
            case WakeupKind.NeighborLost:
                _resolutions.OnNeighbor(wakeup, visit.Wakes);
                break;
            default:
                _stack.OnWakeup(wakeup, visit);
                break;
        }
    }

    void IStackOwner.OnFault(Exception cause, WakeList wakes)
    {
        UserTcpCloseReason reason =
            cause is IOException ? UserTcpCloseReason.LinkDown : UserTcpCloseReason.StackStopped;
        _stack.OnFault(this, cause, wakes);
        foreach (RunningConnection connection in _connections.ToArray())
        {
            connection.OnEnd(reason, wakes);
        }

        _bell.Stop();
    }

    private void OnRequest(StackRequest request, Door.Visit visit)
    {
        if (request.Listener.Owner is not RunningListener listener)
            return;

        if (request.Owner is RunningRequest running)
        {
            running.OnState(visit);
            return;
        }

        // Cancelled before anybody heard of it: the SYN and a RST came in one batch.
        if (request.State != RequestState.Pending)
            return;

        running = new RunningRequest(this, listener, request);
        request.Owner = running;
        listener.OnRequest(running, visit.Wakes);
    }
}
