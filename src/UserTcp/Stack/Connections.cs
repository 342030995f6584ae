using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// Brings events to the machines of connections, and puts what a machine says where it will be acted on: the wheel, the
/// dirty list, the wake-ups. The other file is the pull.
/// </summary>
internal sealed partial class Connections(
    StackConfig config, Flows flows, NextHops nextHops, PathMtu paths, Orphans orphans, Answers answers,
    LoopQueue loop, WakeQueue wakes, StackCounters counters, Instant start) : IOutputSource, ITimed
{
    /// <summary>Later than this the machine slept, and what was due meanwhile is evaluated at the present.</summary>
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMilliseconds(100);

    private readonly DeadlineWheel _wheel = new(start);
    private readonly List<StackConnection> _scratch = [];

    public int OrphanCount => orphans.Count;

    public Instant NextDeadline => _wheel.NextDeadline;

    /// <summary>CLOSED, or TIME-WAIT, which is not the machine's any more.</summary>
    public static bool IsOver(StackConnection connection) =>
        connection.Tcb.State is TcpState.Closed or TcpState.TimeWait;

    /// <summary>Gives a connection its owner, and wakes it for everything that happened before.</summary>
    public void Adopt(StackConnection connection, object owner)
    {
        connection.Owner = owner;
        if (connection.UnreportedEffects != Effects.None)
            wakes.Add(connection);
    }

    /// <summary>Active OPEN: a SYN is owed from here on.</summary>
    public void Open(StackConnection connection, Instant now)
    {
        flows.Add(connection);
        nextHops.Reserve(connection, now);
        Apply(connection, connection.Tcb.OnUserCall(UserCall.Open, now), now);
        AdoptKnownPathMtu(connection, now);
    }

    /// <summary>A half-open connection becomes one by the segment that ends the handshake.</summary>
    public void Open(StackConnection connection, in TcpSegment last, Instant arrival)
    {
        flows.Add(connection);
        OnSegment(connection, last, arrival);
        AdoptKnownPathMtu(connection, arrival);
    }

    public void OnSegment(StackConnection connection, in TcpSegment seg, Instant arrival) =>
        Apply(connection, connection.Tcb.OnSegmentArrives(seg, arrival), arrival);

    /// <summary>A forgotten connection ignores it.</summary>
    public void OnUserCall(StackConnection connection, in UserCall call, Instant now)
    {
        if (connection.IsForgotten)
            return;

        bool wasOrphan = connection.Tcb.IsOrphan;
        Apply(connection, connection.Tcb.OnUserCall(call, now), now);
        if (wasOrphan || !connection.Tcb.IsOrphan || IsOver(connection))
            return;

        orphans.Add(connection);
        if (orphans.TakeExcess() is { } victim)
            OnUserCall(victim, UserCall.Abort, now);
    }

    /// <summary>The estimate of the connection's path has changed.</summary>
    public void AdoptPathMtu(StackConnection connection, Instant now)
    {
        int mtu = connection.IsLooped ? paths.LinkMtu : paths.Get(connection.Flow.Remote, now);
        Apply(connection, connection.Tcb.OnMtu(mtu, now), now);
    }

    public void OnIcmpError(StackConnection connection, IcmpError error, SeqNumber quoted, Instant arrival) =>
        Apply(connection, connection.Tcb.OnIcmpError(error, quoted, arrival), arrival);

    /// <summary>Tells all connections the same.</summary>
    public void EndAll(UserCall call, Instant now)
    {
        flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            OnUserCall(connection, call, now);
        }

        _scratch.Clear();
    }

    /// <summary>Ends all connections that have, or go to, an address that is no longer ours.</summary>
    public void EndAll(HostAddress lost, Instant now)
    {
        flows.CopyTo(_scratch);
        foreach (StackConnection connection in _scratch)
        {
            FlowKey flow = connection.Flow;
            if (flow.Local == lost || (connection.IsLooped && flow.Remote == lost))
                OnUserCall(connection, UserCall.AddressLost, now);
        }

        _scratch.Clear();
    }

    public void OnDeadline(Instant dueBy, Instant now)
    {
        _wheel.Advance(dueBy);
        while (_wheel.TryTakeDue(out FlowEntry entry))
        {
            OnTimeout((StackConnection)entry, now);
        }
    }

    /// <summary>
    /// Late timers are evaluated at their scheduled time, so that a busy or sleepy loop does not make segments look
    /// older than they were; but never before the connection's last event.
    /// </summary>
    private void OnTimeout(StackConnection connection, Instant now)
    {
        Instant due = Instant.Max(connection.Deadline, connection.LastEvent);
        Instant at = due < now && now - due <= s_tolerance ? due : now;
        Apply(connection, connection.Tcb.OnTimeout(at), at);
    }

    /// <summary>A new connection does not repeat what was learned of its path.</summary>
    private void AdoptKnownPathMtu(StackConnection connection, Instant now)
    {
        if (!connection.IsLooped && paths.Get(connection.Flow.Remote, now) < paths.LinkMtu)
            AdoptPathMtu(connection, now);
    }

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
            nextHops.Advise(connection, effects, now);
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
            wakes.Add(connection);
    }

    private void CountEnd(StackConnection connection)
    {
        if (!connection.WasConnected)
            counters.FailedConnectionAttempts++;
        else if (connection.Tcb.CloseReason is UserTcpCloseReason.ResetByPeer or UserTcpCloseReason.ResetByLocal)
            counters.ResetConnections++;
        if (!connection.Tcb.IsProbedInVain)
            return;
        counters.WindowProbeTimeouts++;
        wakes.Add(StackLimit.WindowProbes, connection.LastEvent);
    }

    /// <summary>A connection found out what nobody had told it; those to come begin with it (RFC 4821 §5.2).</summary>
    private void LearnPathMtu(StackConnection connection, Instant now)
    {
        if (!connection.IsLooped)
            paths.Learn(connection.Flow.Remote, connection.Tcb.PathMtu, now);
    }

    /// <summary>
    /// The end of a connection takes effect with the event that caused it, and not with the pull: the next segment of
    /// the flow may lie in the same batch, and the next call may name the same port. Both must meet TIME-WAIT, a
    /// listener, or nobody. The last ACK or RST becomes a plan of no connection, ahead of every answer to a later
    /// segment of the flow. If the queue of such plans is full, the connection waits among the dirty ones for the pull,
    /// and for nothing else.
    /// </summary>
    private void End(StackConnection connection)
    {
        if (connection.IsForgotten)
            return;
        bool isComplete = PlanAnswers(connection);
        if (connection.Tcb.State == TcpState.TimeWait)
        {
            TimeWaitState state = connection.Tcb.DescribeTimeWait();
            flows.EnterTimeWait(connection.Flow, connection.FlowHash, state, connection.LastEvent);
        }

        Forget(connection);
        if (!isComplete)
            _dirty.Add(connection);
    }

    /// <summary>
    /// Plans what a connection owes that may not be merged with anything later: its last words, or resets that answer
    /// single segments. False if the queue is full before all is planned.
    /// </summary>
    private bool PlanAnswers(StackConnection connection)
    {
        while (connection.Tcb.OwesReset || IsOver(connection))
        {
            if (answers.IsFull)
                return false;
            if (!connection.Tcb.TryNextSegment(connection.LastEvent, out SegmentPlan segment))
                return true;
            answers.Send(connection.Flow, segment, connection.Tcb.Live);
        }

        return true;
    }

    /// <summary>
    /// The connection leaves all tables. Its pipes live on as long as the application holds them.
    /// </summary>
    private void Forget(StackConnection connection)
    {
        connection.IsForgotten = true;
        counters.PastTextSent += connection.Tcb.Counters.BytesSent - connection.Tcb.Counters.BytesRetransmitted;
        counters.PastTextReceived += connection.Tcb.Counters.BytesReceived;
        counters.PastOutOfOrder += connection.Tcb.OutOfOrderSegments;
        flows.Remove(connection);
        _wheel.Remove(connection);
        _dirty.Remove(connection);
        _parked.Remove(connection);
        orphans.Remove(connection);
        connection.Send.Abandon();
        connection.Receive.Abandon();
    }
}
