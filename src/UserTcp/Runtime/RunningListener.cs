using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Stack;

namespace UserTcp.Runtime;

/// <summary>What a listener counted.</summary>
internal readonly record struct ListenerReport(int PendingAccepts, int HalfOpen, long Accepted, long Overflows)
{
    public long SynCookiesSent { get; init; }

    public long SynCookiesAccepted { get; init; }

    public long SynCookiesFailed { get; init; }
}

/// <summary>
/// A listener between the application and the stack: the calls that wait, and the requests that nobody has taken.
/// Members named On… run under the door, all others outside.
/// </summary>
internal sealed class RunningListener
{
    private readonly RunningStack _stack;
    private readonly StackListener _core;
    private readonly ConnectionSettings _settings;
    private readonly WaitQueue<RunningConnection> _accepts;
    private readonly WaitQueue<RunningRequest> _requestAccepts;
    private readonly LinkedList<RunningRequest> _requests = new();
    private readonly HashSet<RunningRequest> _undecided = [];
    private bool _isClosed;

    public RunningListener(RunningStack stack, StackListener core, ConnectionSettings settings, IPAddress address)
    {
        _stack = stack;
        _core = core;
        _settings = settings;
        _accepts = new WaitQueue<RunningConnection>(stack.Completions);
        _requestAccepts = new WaitQueue<RunningRequest>(stack.Completions);
        LocalEndPoint = new IPEndPoint(address, core.Port);
    }

    public IPEndPoint LocalEndPoint { get; }

    public ConnectionSettings Settings => _settings;

    public RunningStack Stack => _stack;

    /// <summary>Read under the door.</summary>
    public StackListener Core => _core;

    public ValueTask<RunningConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WaitQueue<RunningConnection>.Waiter waiter;
        using (Door.Visit visit = _stack.Door.Enter())
        {
            ThrowIfClosed();
            if (_accepts.IsEmpty && OnTryAccept(visit) is RunningConnection connection)
                return new ValueTask<RunningConnection>(connection);

            waiter = _accepts.Add();
        }

        return WaitAsync(waiter, cancellationToken);
    }

    public RunningConnection? TryAccept()
    {
        using Door.Visit visit = _stack.Door.Enter();
        ThrowIfClosed();
        return _accepts.IsEmpty ? OnTryAccept(visit) : null;
    }

    public ValueTask<RunningRequest> AcceptRequestAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        WaitQueue<RunningRequest>.Waiter waiter;
        using (Door.Visit visit = _stack.Door.Enter())
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

    /// <summary>Connections and requests that nobody has taken. Read under the door.</summary>
    public int PendingAccepts => _core.PendingAccepts + _requests.Count;

    public ListenerReport Describe()
    {
        using Door.Visit visit = _stack.Door.Enter();
        return new ListenerReport(PendingAccepts, _core.HalfOpen, _core.Accepted, _core.Overflows)
        {
            SynCookiesSent = _core.SynCookiesSent,
            SynCookiesAccepted = _core.SynCookiesAccepted,
            SynCookiesFailed = _core.SynCookiesFailed,
        };
    }

    public void Close()
    {
        using (Door.Visit visit = _stack.Door.Enter())
        {
            if (_isClosed)
                return;

            OnStop(visit);
        }

        ILogger logger = _stack.ListenerLogger;
        if (logger.IsEnabled(LogLevel.Debug))
            LogMessages.ListenerClosed(logger, LocalEndPoint.ToString());
    }

    /// <summary>Connections wait in the stack: they go to the calls that wait here.</summary>
    public void OnConnections(Door.Visit visit)
    {
        while (!_accepts.IsEmpty && OnTryAccept(visit) is RunningConnection connection)
        {
            _accepts.Serve(connection, visit.Wakes);
        }
    }

    public void OnRequest(RunningRequest request, WakeList wakes)
    {
        _undecided.Add(request);
        if (_requestAccepts.IsEmpty)
            request.Place = _requests.AddLast(request);
        else
            _requestAccepts.Serve(request, wakes);
    }

    /// <summary>
    /// The request became a connection, or nothing: nobody needs to hear of it if it waited here.
    /// </summary>
    public void OnRequestDecided(RunningRequest request)
    {
        _undecided.Remove(request);
        if (request.Place is { List: not null } place)
            _requests.Remove(place);
    }

    /// <summary>The port is given back.</summary>
    public void OnStop(Door.Visit visit)
    {
        if (!visit.IsDead)
            visit.Shard.CloseListener(_core, visit.Now);
        OnEnd(visit.Wakes);
    }

    /// <summary>The listener, or the stack, is over.</summary>
    public void OnEnd(WakeList wakes)
    {
        if (_isClosed)
            return;

        _isClosed = true;
        _stack.OnListenerEnd(this);
        _accepts.FailAll(Aborted, wakes);
        _requestAccepts.FailAll(Aborted, wakes);
        _requests.Clear();
        foreach (RunningRequest request in _undecided)
        {
            request.OnEnd(wakes);
        }

        _undecided.Clear();
    }

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

    private RunningConnection? OnTryAccept(Door.Visit visit)
    {
        if (visit.IsDead || !visit.Shard.TryAccept(_core, out StackConnection? core))
            return null;

        return _stack.OnNewConnection(visit, core!, _settings);
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
        using (_stack.Door.Enter())
            isFirst = waiter.TryCancel();
        if (isFirst)
            waiter.Cancel(token);
    }
}
