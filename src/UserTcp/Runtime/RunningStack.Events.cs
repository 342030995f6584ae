using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
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
        if (connection.ConnectSpan is not null)
            _traced.Add(connection);
        visit.Shard.Adopt(core, connection);
        return connection;
    }

    public void OnConnectionEnd(RunningConnection connection)
    {
        _connections.Remove(connection);
        if (connection.ConnectSpan is not null)
            _traced.Remove(connection);
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
                OnEcho(wakeup.Echo, wakeup.Kind == WakeupKind.EchoReply, visit.Wakes);
                break;
            case WakeupKind.NeighborFound:
            case WakeupKind.NeighborLost:
                OnNeighbor(wakeup, visit.Wakes);
                break;
            case WakeupKind.LimitReached:
                OnLimit(wakeup.Limit, wakeup.Count, visit.Wakes);
                break;
            case WakeupKind.AddressClaimed:
                OnAddressClaimed(wakeup.Address, visit.Wakes);
                break;
            default:
                OnAddressConflict(wakeup.Conflict, visit.Wakes);
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

        OnPingsEnd(wakes);
        wakes.Add(new Notice(this, static (stack, fault) => stack.TellFault(fault), cause), WakeReasons.Decided);
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

    // All are claimed at the same moment; that each is told of is for the log.
    private void OnAddressClaimed(HostAddress address, WakeList wakes) => wakes.Add(
        new Notice(
            this,
            (stack, _) =>
            {
                LogMessages.AddressClaimed(stack._logger, stack.Name, address.ToString());
                stack._claimed.TrySetResult(null);
            },
            null),
        WakeReasons.Decided);

    private void OnAddressConflict(AddressConflict conflict, WakeList wakes) => wakes.Add(
        new Notice(
            this,
            (stack, _) =>
            {
                // While starting it is the caller's exception; later there is nobody to throw it at.
                if (stack._claimed.TrySetResult(conflict))
                    return;

                LogMessages.AddressConflict(
                    stack._logger, stack.Name, conflict.Address.ToString(), conflict.OtherMac, conflict.Count);
            },
            null),
        WakeReasons.Decided);

    private void OnLimit(StackLimit limit, long count, WakeList wakes) => wakes.Add(
        new Notice(this, (stack, _) => LogMessages.LimitReached(stack._logger, limit, stack.Name, count), null),
        WakeReasons.Decided);

    private void TellFault(Exception? cause)
    {
        if (cause is LinkDownException { IsIntended: true })
            LogMessages.LinkClosed(_logger, Name, _link.Info.Name);
        else if (cause is IOException)
            LogMessages.LinkDown(_logger, cause, Name, _link.Info.Name);
        else if (cause is not null)
            LogMessages.StackFaulted(_logger, cause, Name);
        _claimed.TrySetResult(null);
        if (cause is not null)
            _faulted.TrySetResult(cause);
    }

    /// <summary>Something rare that is to be done when the door is closed again.</summary>
    private sealed class Notice(RunningStack stack, Action<RunningStack, Exception?> tell, Exception? cause)
        : IWakeTarget
    {
        public void Wake(WakeReasons reasons, bool inlineAllowed) => tell(stack, cause);
    }
}
