using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>What comes out of the stack, and to whom it goes. All of it under the door.</summary>
internal sealed partial class RunningStack
{
    /// <summary>A connection begins its life with the application.</summary>
    public RunningConnection OnNewConnection(Door.Visit visit, StackConnection core, ConnectionSettings settings)
    {
        var connection = new RunningConnection(this, core, settings) { ConnectSpan = Spans.Current };
        _connections.Add(connection);
        _resolutions.Add(connection);
        visit.Shard.Adopt(core, connection);
        return connection;
    }

    public void OnConnectionEnd(RunningConnection connection)
    {
        _connections.Remove(connection);
        _resolutions.Remove(connection);
    }

    public void OnListenerEnd(RunningListener listener) => _listeners.Remove(listener);

    void IStackOwner.OnMail(MailNode node, int bits, Door.Visit visit)
    {
        ((RunningConnection)node).OnMail((PipeCalls)bits, visit);
        Stash.Refill(Config.Chunks);
    }

    void IStackOwner.OnWakeup(in Wakeup wakeup, Door.Visit visit)
    {
        switch (wakeup.Kind)
        {
            case WakeupKind.Connection:
                ((RunningConnection?)wakeup.Connection.Owner)?.OnEffects(wakeup.Effects, visit.Wakes);
                break;
            case WakeupKind.Listener:
                ((RunningListener?)wakeup.Listener.Owner)?.OnConnections(visit);
                break;
            case WakeupKind.Request:
                OnRequest(wakeup.Request, visit);
                break;
            case WakeupKind.EchoReply:
            case WakeupKind.EchoUnreachable:
                _pings.OnEcho(wakeup.Echo, wakeup.Kind == WakeupKind.EchoReply, visit.Wakes);
                break;
            case WakeupKind.NeighborFound:
            case WakeupKind.NeighborLost:
                _resolutions.OnNeighbor(wakeup, visit.Wakes);
                break;
            case WakeupKind.LimitReached:
                _news.OnLimit(wakeup.Limit, wakeup.Count, visit.Wakes);
                break;
            case WakeupKind.AddressClaimed:
                _news.OnAddressClaimed(wakeup.Address, visit.Wakes);
                break;
            default:
                _news.OnAddressConflict(wakeup.Conflict, visit.Wakes);
                break;
        }
    }

    void IStackOwner.OnFault(Exception cause, WakeList wakes)
    {
        _fault ??= cause;
        UserTcpCloseReason reason =
            cause is IOException ? UserTcpCloseReason.LinkDown : UserTcpCloseReason.StackStopped;
        foreach (RunningConnection connection in _connections.ToArray())
        {
            connection.OnEnd(reason, wakes);
        }

        foreach (RunningListener listener in _listeners.ToArray())
        {
            listener.OnEnd(wakes);
        }

        _pings.OnEnd(wakes);
        _news.OnFault(cause, wakes);
        _bell.Stop();
    }

    private static void OnRequest(StackRequest request, Door.Visit visit)
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

        running = new RunningRequest(listener, request);
        request.Owner = running;
        listener.OnRequest(running, visit.Wakes);
    }
}
