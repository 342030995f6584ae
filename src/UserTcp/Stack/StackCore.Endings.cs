using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Stack;

/// <content>
/// The end of a connection. It takes effect with the event that caused it, and not with the pull: the next segment of
/// the flow may lie in the same batch, and the next call may name the same port. Both must meet TIME-WAIT, a listener,
/// or nobody.
/// </content>
internal sealed partial class StackCore
{
    private static bool IsOver(StackConnection connection) =>
        connection.Tcb.State is TcpState.Closed or TcpState.TimeWait;

    /// <summary>
    /// The connection leaves all tables. Its last ACK or RST becomes a plan of no connection, ahead of every answer to
    /// a later segment of the flow. If the queue of such plans is full, the connection waits among the dirty ones for
    /// the pull, and for nothing else.
    /// </summary>
    private void End(StackConnection connection)
    {
        if (connection.IsForgotten)
            return;
        bool isComplete = PlanAnswers(connection);
        if (connection.Tcb.State == TcpState.TimeWait)
            EnterTimeWait(connection);
        Forget(connection);
        if (!isComplete)
            _dirty.Add(connection);
    }

    private void EnterTimeWait(StackConnection connection)
    {
        if (_timeWait.TryEvict(out FlowKey evicted))
            _ports.OnReleased(evicted);
        _timeWait.Add(
            connection.Flow, connection.FlowHash, connection.Tcb.DescribeTimeWait(), connection.LastEvent);
    }

    /// <summary>
    /// Plans what a connection owes that may not be merged with anything later: its last words, or resets that answer
    /// single segments. False if the queue is full before all is planned.
    /// </summary>
    private bool PlanAnswers(StackConnection connection)
    {
        while (connection.Tcb.OwesReset || IsOver(connection))
        {
            if (_replies.IsFull)
                return false;
            if (!connection.Tcb.TryNextSegment(connection.LastEvent, out SegmentPlan segment))
                return true;
            QueueSegment(connection.Flow, segment, connection.Tcb.Config);
        }

        return true;
    }

    private void CountEnd(StackConnection connection)
    {
        if (!connection.WasConnected)
            Counters.FailedConnectionAttempts++;
        else if (connection.Tcb.CloseReason is UserTcpCloseReason.ResetByPeer or UserTcpCloseReason.ResetByLocal)
            Counters.ResetConnections++;
        if (!connection.Tcb.IsProbedInVain)
            return;
        Counters.WindowProbeTimeouts++;
        Tell(StackLimit.WindowProbes, connection.LastEvent);
    }

    /// <summary>
    /// The connection leaves all tables. Its pipes live on as long as the application holds them.
    /// </summary>
    private void Forget(StackConnection connection)
    {
        if (connection.IsForgotten)
            return;
        connection.IsForgotten = true;
        Counters.PastTextSent += connection.Tcb.Counters.BytesSent - connection.Tcb.Counters.BytesRetransmitted;
        Counters.PastTextReceived += connection.Tcb.Counters.BytesReceived;
        Counters.PastOutOfOrder += connection.Tcb.OutOfOrderSegments;
        if (ReferenceEquals(_lastFound, connection))
            _lastFound = null;
        _flows.Remove(connection);
        _ports.OnReleased(connection.Flow);
        _wheel.Remove(connection);
        _dirty.Remove(connection);
        _parked.Remove(connection);
        connection.IsParked = false;
        if (connection.OrphanNode is { } node)
            _orphans.Remove(node);
        connection.OrphanNode = null;
        if (connection.IsForeign)
            _foreignFlows--;
        connection.Send.Abandon();
        connection.Receive.Abandon();
    }
}
