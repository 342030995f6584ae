using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>What a listener counted, and what waits for it.</summary>
internal readonly record struct ListenerReport(int PendingAccepts, int HalfOpen, long Accepted, long Overflows)
{
    public long SynCookiesSent { get; init; }

    public long SynCookiesAccepted { get; init; }

    public long SynCookiesFailed { get; init; }
}

/// <summary>
/// A listener between the application and the stack: the calls that wait, and the requests that nobody has taken. Each
/// shard listens for it. Members named On… run under the door of a shard, all others outside.
/// </summary>
internal sealed class RunningListener
{
    private readonly RunningStack _stack;
    private readonly ListenCall _call;
    private readonly ConnectionSettings _settings;
    private readonly StackListener?[] _cores;

    /// <summary>Held for a few assignments, also under a door; no other lock is taken inside.</summary>
    private readonly Lock _gate = new();

    // All below is under the gate.
    private readonly WaitQueue<RunningConnection> _accepts;
    private readonly WaitQueue<RunningRequest> _requestAccepts;
    private readonly LinkedList<RunningRequest> _requests = new();
    private readonly HashSet<RunningRequest> _undecided = [];
    private bool _isClosed;

    /// <param name="stack">The stack.</param>
    /// <param name="call">What its shards were asked for, with the port that was chosen.</param>
    /// <param name="settings">The settings of accepted connections.</param>
    /// <param name="address">The address that the application gave.</param>
    public RunningListener(RunningStack stack, in ListenCall call, ConnectionSettings settings, IPAddress address)
    {
        _stack = stack;
        _call = call;
        _settings = settings;
        _cores = new StackListener?[stack.Shards.Count];
        _accepts = new WaitQueue<RunningConnection>(stack.Completions);
        _requestAccepts = new WaitQueue<RunningRequest>(stack.Completions);
        LocalEndPoint = new IPEndPoint(address, call.Port);
    }

    public IPEndPoint LocalEndPoint { get; }

    public ConnectionSettings Settings => _settings;

    public RunningStack Stack => _stack;

    /// <summary>Whether it serves every address.</summary>
    public bool IsForAnyAddress => _call.Mode == ListenMode.AnyAddress;

    public int Backlog => _call.Backlog;

    /// <summary>The shard's part; null if there is none yet. Read what it counts under the shard's door.</summary>
    public StackListener? CoreOf(RunningShard shard) => Volatile.Read(ref _cores[shard.Index]);

    public ValueTask<RunningConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (TryAccept() is RunningConnection connection)
            return new ValueTask<RunningConnection>(connection);

        WaitQueue<RunningConnection>.Waiter waiter;
        lock (_gate)
        {
            ThrowIfClosed();
            waiter = _accepts.Add();
        }

        // A connection that came before it could see the waiter is found here, one that comes later finds the waiter.
        Interlocked.MemoryBarrier();
        ServeWaiting();
        return WaitAsync(waiter, cancellationToken);
    }

    /// <summary>Takes a connection that waits, unless somebody else waits for it.</summary>
    public RunningConnection? TryAccept()
    {
        lock (_gate)
        {
            ThrowIfClosed();
            if (!_accepts.IsEmpty)
                return null;
        }

        foreach (RunningShard shard in _stack.Shards)
        {
            if (!HasPending(shard))
                continue;
            using Door.Visit visit = shard.Door.Enter();
            if (OnTryAccept(shard, visit) is RunningConnection connection)
                return connection;
        }

        return null;
    }

    public ValueTask<RunningRequest> AcceptRequestAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WaitQueue<RunningRequest>.Waiter waiter;
        lock (_gate)
        {
            ThrowIfClosed();
            if (_requestAccepts.IsEmpty && _requests.First is { } first)
            {
                _requests.RemoveFirst();
                return new ValueTask<RunningRequest>(first.Value);
            }

            waiter = _requestAccepts.Add();
        }

        return WaitAsync(waiter, cancellationToken);
    }

    public ListenerReport Describe()
    {
        var report = new ListenerReport { PendingAccepts = (int)_call.Load!.Pending.Value };
        lock (_gate)
            report = report with { PendingAccepts = report.PendingAccepts + _requests.Count };
        foreach (RunningShard shard in _stack.Shards)
        {
            if (CoreOf(shard) is { } core)
                report = shard.Look((_, _) => Sum(report, core));
        }

        return report;
    }

    public void Close()
    {
        bool isFirst = false;
        _stack.ForEachShard(shard =>
        {
            using Door.Visit visit = shard.Door.Enter();
            isFirst |= OnEnd(visit.Wakes);
            if (!visit.IsDead && CoreOf(shard) is { } core)
                visit.Shard.CloseListener(core, visit.Now);
        });
        ILogger logger = _stack.ListenerLogger;
        if (isFirst && logger.IsEnabled(LogLevel.Debug))
            LogMessages.ListenerClosed(logger, LocalEndPoint.ToString());
    }

    /// <summary>A shard listens.</summary>
    public void OnOpened(RunningShard shard, StackListener core)
    {
        core.Owner = this;
        Volatile.Write(ref _cores[shard.Index], core);
    }

    /// <summary>Connections wait in the shard: they go to the calls that wait here.</summary>
    public void OnConnections(RunningShard shard, Door.Visit visit)
    {
        Interlocked.MemoryBarrier(); // see AcceptAsync
        while (HasPending(shard) && TakeWaiter() is { } waiter)
        {
            waiter.Decide(OnTryAccept(shard, visit), null, visit.Wakes);
        }
    }

    public void OnRequest(RunningRequest request, WakeList wakes)
    {
        WaitQueue<RunningRequest>.Waiter? waiter;
        lock (_gate)
        {
            _undecided.Add(request);
            waiter = _requestAccepts.Take();
            if (waiter is null)
                request.Place = _requests.AddLast(request);
        }

        waiter?.Decide(request, null, wakes);
    }

    /// <summary>
    /// The request became a connection, or nothing: nobody needs to hear of it if it waited here.
    /// </summary>
    public void OnRequestDecided(RunningRequest request)
    {
        lock (_gate)
        {
            _undecided.Remove(request);
            if (request.Place is { List: not null } place)
                _requests.Remove(place);
        }
    }

    /// <summary>The listener, or the stack, is over.</summary>
    /// <returns>False if it was before.</returns>
    public bool OnEnd(WakeList wakes)
    {
        RunningRequest[] undecided;
        lock (_gate)
        {
            if (_isClosed)
                return false;

            _isClosed = true;
            _accepts.FailAll(Aborted, wakes);
            _requestAccepts.FailAll(Aborted, wakes);
            _requests.Clear();
            undecided = [.. _undecided];
            _undecided.Clear();
        }

        _stack.Listeners.Remove(this);
        foreach (RunningRequest request in undecided)
        {
            request.OnEnd(wakes);
        }

        return true;
    }

    // More than one thread may look: who finds too much has entered a door in vain.
    private bool HasPending(RunningShard shard) => CoreOf(shard) is { PendingAccepts: > 0 };

    private void ServeWaiting()
    {
        foreach (RunningShard shard in _stack.Shards)
        {
            if (!HasPending(shard))
                continue;
            using Door.Visit visit = shard.Door.Enter();
            if (!visit.IsDead)
                OnConnections(shard, visit);
        }
    }

    private WaitQueue<RunningConnection>.Waiter? TakeWaiter()
    {
        lock (_gate)
            return _accepts.Take();
    }

    private static ListenerReport Sum(in ListenerReport report, StackListener core) => report with
    {
        HalfOpen = report.HalfOpen + core.HalfOpen,
        Accepted = report.Accepted + core.Accepted,
        Overflows = report.Overflows + core.Overflows,
        SynCookiesSent = report.SynCookiesSent + core.SynCookiesSent,
        SynCookiesAccepted = report.SynCookiesAccepted + core.SynCookiesAccepted,
        SynCookiesFailed = report.SynCookiesFailed + core.SynCookiesFailed,
    };

    private SocketException Aborted()
    {
        if (_stack.FaultCause is not Exception fault)
        {
            return new SocketException(
                (int)SocketError.OperationAborted, "The listener, or its stack, was disposed of.");
        }

        SocketError error = fault is IOException ? SocketError.NetworkDown : SocketError.OperationAborted;
        return new SocketException((int)error, $"The stack has failed, and the listener with it: {fault.Message}");
    }

    private RunningConnection? OnTryAccept(RunningShard shard, Door.Visit visit)
    {
        if (visit.IsDead || !visit.Shard.TryAccept(CoreOf(shard)!, out StackConnection? core))
            return null;

        return shard.OnNewConnection(visit, core!, _settings);
    }

    private void ThrowIfClosed()
    {
        if (_isClosed)
            throw Aborted();
    }

    private async ValueTask<T> WaitAsync<T>(WaitQueue<T>.Waiter waiter, CancellationToken cancellationToken)
        where T : class
    {
        CancellationTokenRegistration registration = _stack.Driver.Deferred(cancellationToken).UnsafeRegister(
            _ => Cancel(waiter, cancellationToken), null);
        await using (registration.ConfigureAwait(false))
            return await waiter.Task.ConfigureAwait(false);
    }

    private void Cancel<T>(WaitQueue<T>.Waiter waiter, CancellationToken token)
        where T : class
    {
        bool isFirst;
        lock (_gate)
            isFirst = waiter.TryCancel();
        if (isFirst)
            waiter.Cancel(token);
    }
}
