using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Fuzz;

/// <content>Invariants that hold all along, and the end, at which nothing may be left.</content>
internal sealed partial class FuzzRun
{
    // Fifteen retransmissions, two minutes apart at most; an hour is longer than all of them.
    private static readonly TimeSpan s_longestAgony = TimeSpan.FromHours(1);

    // Orphans, TIME-WAIT, what was learnt about paths, and what neighbours are remembered for.
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromHours(4);

    private static readonly TimeSpan s_longestDrain = TimeSpan.FromSeconds(10);

    /// <summary>After everything that happened.</summary>
    private void Watch()
    {
        if (_running!.FaultCause is Exception fault && !_link.IsGone)
            throw new FuzzViolationException($"The stack failed: {fault.Message}", fault);

        _connections.Look(_cores);
        long halfOpen = HalfOpenCount;
        if (halfOpen > 0)
            _coverage.On(Sight.HalfOpen);
        if (TimeWaitCount > 0)
            _coverage.On(Sight.TimeWait);
        if (Config.Chunks.IsUnderPressure())
            _coverage.On(Sight.Pressure);
        if (ConnectionCount + halfOpen >= Config.MaxConnections)
            _coverage.On(Sight.ConnectionsFull);
        if (halfOpen >= Config.MaxHalfOpen)
            _coverage.On(Sight.HalfOpenFull);
        Array.ForEach(_cores, WatchNeighbors);
    }

    private void WatchNeighbors(Shard core)
    {
        if (core.Neighbors.Count == 0)
            return;

        if (core.Neighbors.Count >= Config.Ip.MaxNeighbors)
            _coverage.On(Sight.NeighborTableFull);
        foreach (Neighbor neighbor in core.Neighbors.All)
        {
            _coverage.OnNeighbor(neighbor.State);
        }
    }

    /// <summary>
    /// The peers are gone. Connections with something to send give up by themselves; then the application lets go
    /// of everything, and nothing is left.
    /// </summary>
    private void End()
    {
        _isPeerGone = true;
        if (IsOver)
        {
            EndBeforeTime();
            return;
        }

        OpenLink();
        CloseListeners();
        foreach (UserTcpConnectionRequest request in _requests)
        {
            request.Reject(UserTcpRejectReason.Ignore);
        }

        _requests.Clear();
        CancelWhatHasNoEnd();
        PassQuietly(s_longestAgony);
        CheckAgony();
        LetGo();
        PassQuietly(s_longestSilence);
        CheckNothingIsLeft();
        Array.ForEach(_cores, core => _coverage.OnCounters(core.Counters));
        _stack.Abort();
        Settle();
        CheckCalls();
    }

    /// <summary>The link went, or the stack: everybody is told, and what was lent comes back.</summary>
    private void EndBeforeTime()
    {
        Settle();
        PassQuietly(s_longestDrain);
        if (_stop is { IsCompleted: false })
            throw new FuzzViolationException("The stack did not come to its end.");

        LetGo();
        Array.ForEach(_cores, core => _coverage.OnCounters(core.Counters));
        _stack.Abort();
        Settle();
        CheckCalls();
        CheckBuffers();
    }

    private void CloseListeners()
    {
        foreach (UserTcpListener listener in _listeners)
        {
            CountCookies(listener.GetStatistics());
            Await(listener.DisposeAsync().AsTask(), null, static _ => { });
        }

        foreach (UserTcpRequestListener listener in _anyListeners)
        {
            CountCookies(listener.GetStatistics());
            Await(listener.DisposeAsync().AsTask(), null, static _ => { });
        }

        _listeners.Clear();
        _anyListeners.Clear();
        Settle();
    }

    private void CountCookies(UserTcpListenerStatistics statistics)
    {
        if (statistics.SynCookiesSent > 0)
            _coverage.On(Sight.CookieSent);
        if (statistics.SynCookiesAccepted > 0)
            _coverage.On(Sight.CookieAccepted);
        if (statistics.SynCookiesFailed > 0)
            _coverage.On(Sight.CookieFailed);
        if (statistics.PendingAccepts > 0)
            _coverage.On(Sight.AcceptQueue);
    }

    // A close waits for the peer's FIN as long as the application does: it gives up here.
    private void CancelWhatHasNoEnd()
    {
        foreach (Application application in _applications)
        {
            if (!application.IsDisposed && application.Entry.Core.Tcb.State == TcpState.SynReceived)
                application.Connection.Abort();
        }

        Settle();
    }

    private void LetGo()
    {
        Settle();
        foreach (Application application in _applications.ToArray())
        {
            if (!application.IsDisposed)
                Await(application.Dispose(), null, static _ => { });
        }

        Settle();
    }

    private void PassQuietly(TimeSpan most)
    {
        long end = _clock.Ticks + most.Ticks;
        int turns = _turns;
        while (NextEvent() is long next && next <= end)
        {
            PassTo(next);
            if (_turns - turns > MostTurns)
                throw new FuzzViolationException("The timers do not come to rest though nobody is there.");
        }

        PassTo(end);
    }

    /// <summary>An hour without an answer ends each connection that had something to send.</summary>
    private void CheckAgony()
    {
        foreach (Connections.Entry entry in _connections.All)
        {
            if (entry.Core.IsForgotten || entry.Core.IsLooped || entry.Core.Send.Unacknowledged == 0)
                continue;

            throw new FuzzViolationException(
                $"{entry.Core.Flow} is {entry.Core.Tcb.State} with {entry.Core.Send.Unacknowledged} bytes to send an"
                + " hour after its peer was gone.");
        }
    }

    private void CheckNothingIsLeft()
    {
        long orphans = Sum(static core => core.OrphanCount);
        if (ConnectionCount + HalfOpenCount + TimeWaitCount + orphans > 0)
        {
            throw new FuzzViolationException(
                $"Left are {ConnectionCount} connections, {HalfOpenCount} half-open, {TimeWaitCount} in TIME-WAIT,"
                + $" {orphans} orphans.");
        }

        if (HasOutput)
            throw new FuzzViolationException("Output is left that nobody sends.");

        CheckBuffers();
    }

    private void CheckBuffers()
    {
        if (Config.Chunks.BytesOut != 0)
            throw new FuzzViolationException($"{Config.Chunks.BytesOut} bytes of buffers are left.");
    }

    private void CheckCalls()
    {
        if (_calls.Count > 0)
            throw new FuzzViolationException($"{_calls.Count} calls never ended");
        foreach (Application application in _applications)
        {
            application.CheckEnd();
        }
    }
}
