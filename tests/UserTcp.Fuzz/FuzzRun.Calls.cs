using System.Net;
using UserTcp.Fuzz.Machine;
using UserTcp.Fuzz.Wire;

namespace UserTcp.Fuzz;

/// <content>The application's calls.</content>
internal sealed partial class FuzzRun
{
    private const int MostListeners = 4;
    private const int MostPending = 24;

    private Task? _stop;
    private readonly List<UserTcpListener> _listeners = [];
    private readonly List<UserTcpRequestListener> _anyListeners = [];
    private readonly List<UserTcpConnectionRequest> _requests = [];
    private readonly List<PendingCall> _calls = [];
    private readonly List<Application> _applications = [];

    private void StepCall(byte code)
    {
        switch (code & 31)
        {
            case 3:
                Connect(_input.Next());
                break;
            case 4:
                Listen(_input.Next());
                break;
            case 5:
                CloseListener(_input.Next());
                break;
            case 6:
                Accept(_input.Next());
                break;
            case 7:
                Cancel(_input.Next());
                break;
            case 28:
                AnswerRequest(_input.Next());
                break;
            case 30:
                ChangeLink(_input.Next());
                break;
            default:
                if (_applications.Count > 0)
                    StepApplication(code, _applications[_input.Next() % _applications.Count]);
                break;
        }

        Settle();
    }

    private void StepApplication(byte code, Application application)
    {
        if (application.IsDisposed)
            return;

        switch (code & 31)
        {
            case 17:
                application.Write(_input.Next());
                break;
            case 18:
                application.Read(_input.Next());
                break;
            case 19:
                application.ShutDown();
                break;
            case 20:
                Await(application.Close(), null, static _ => { });
                break;
            case 21:
                Await(application.Dispose(), null, static _ => { });
                break;
            case 22:
                application.Connection.Abort();
                break;
            case 23:
                application.Urge();
                break;
            case 31:
                Configure(application.Connection, _input.Next());
                break;
        }
    }

    private void Connect(byte how)
    {
        if (_calls.Count >= MostPending)
            return;

        var remote = new IPEndPoint(Stations.RemoteAddress(how & 7), Stations.ListenPorts[how >> 3 & 3]);
        UserTcpConnectionOptions options = _settings.Connection;
        if ((how & 32) != 0)
        {
            options = options.Clone();
            options.LocalEndPoint = new IPEndPoint(IPAddress.Any, 6_000 + (how >> 3 & 3));
        }

        var cancellation = new CancellationTokenSource();
        Await(_stack.ConnectAsync(remote, options, cancellation.Token).AsTask(), cancellation, Use);
        Settle();
        if ((how & 64) != 0 && _flows.Count > 0)
            AnswerHandshake(_flows[^1], 0);
    }

    private void Use(Task task)
    {
        if (task is not Task<UserTcpConnection> { IsCompletedSuccessfully: true } connected)
            return;

        UserTcpConnection connection = connected.Result;
        _applications.Add(new Application(connection, _connections.Of(connection)));
    }

    private void Listen(byte how)
    {
        bool isAny = (how & 8) != 0;
        if (_listeners.Count + _anyListeners.Count >= MostListeners)
            return;

        ushort port = (how & 4) != 0 && isAny ? (ushort)0 : Stations.ListenPorts[how & 3];
        bool isSmall = (how & 16) != 0;
        if (isAny)
            Keep(_stack.ListenForRequestsAsync(_settings.RequestListenerOptions(port, isSmall)).AsTask(), _anyListeners);
        else
            Keep(_stack.ListenAsync(_settings.ListenerOptions(port, isSmall)).AsTask(), _listeners);
    }

    private void Keep<T>(Task<T> listening, List<T> listeners)
    {
        if (listening.IsCompletedSuccessfully)
            listeners.Add(listening.Result);
        else
            Await(listening, null, static _ => { });
    }

    private void CloseListener(byte index)
    {
        if ((index & 128) != 0)
            Close(_anyListeners, index & 127);
        else
            Close(_listeners, index & 127);
    }

    private void Close<T>(List<T> listeners, int index)
        where T : IAsyncDisposable
    {
        if (listeners.Count == 0)
            return;

        int at = index % listeners.Count;
        Await(listeners[at].DisposeAsync().AsTask(), null, static _ => { });
        listeners.RemoveAt(at);
    }

    private void Accept(byte how)
    {
        if (_calls.Count >= MostPending)
            return;

        var cancellation = new CancellationTokenSource();
        if ((how & 128) != 0 && _anyListeners.Count > 0)
        {
            UserTcpRequestListener any = _anyListeners[(how & 63) % _anyListeners.Count];
            Await(any.AcceptAsync(cancellation.Token).AsTask(), cancellation, UseRequest);
        }
        else if (_listeners.Count > 0)
        {
            UserTcpListener listener = _listeners[(how & 63) % _listeners.Count];
            Await(listener.AcceptAsync(cancellation.Token).AsTask(), cancellation, Use);
        }
    }

    private void UseRequest(Task task)
    {
        if (task is Task<UserTcpConnectionRequest> { IsCompletedSuccessfully: true } asked)
        {
            _requests.Add(asked.Result);
            _coverage.On(Sight.RequestPending);
        }
    }

    private void AnswerRequest(byte how)
    {
        if (_requests.Count == 0)
            return;

        UserTcpConnectionRequest request = _requests[how % _requests.Count];
        _requests.Remove(request);
        if ((how & 64) != 0)
        {
            request.Reject((UserTcpRejectReason)((how & 63) % 6));
            _coverage.On(Sight.RequestRejected);
            return;
        }

        var cancellation = new CancellationTokenSource();
        Await(request.AcceptAsync(null, cancellation.Token).AsTask(), cancellation, UseAcceptedRequest);
    }

    private void UseAcceptedRequest(Task task)
    {
        _coverage.On(task.IsCompletedSuccessfully ? Sight.RequestEstablished : Sight.RequestCancelled);
        Use(task);
    }

    private void Cancel(byte index)
    {
        if (_calls.Count > 0)
            _calls[index % _calls.Count].Cancel();
    }

    private void BeginPing(byte how)
    {
        if (_calls.Count >= MostPending)
            return;

        var cancellation = new CancellationTokenSource();
        IPAddress remote = Stations.RemoteAddress(how & 7);
        var options = new UserTcpPingOptions { DataLength = how, Timeout = TimeSpan.FromSeconds(1 + (how >> 4)) };
        Await(_stack.PingAsync(remote, options, cancellation.Token).AsTask(), cancellation, UsePing);
        Settle();
    }

    private void UsePing(Task task)
    {
        if (task is not Task<UserTcpPingReply> { IsCompletedSuccessfully: true } ping)
            return;
        if (ping.Result.Status == System.Net.NetworkInformation.IPStatus.Success)
            _coverage.On(Sight.PingAnswered);
        else if (ping.Result.Status != System.Net.NetworkInformation.IPStatus.TimedOut)
            _coverage.On(Sight.PingUnreachable);
    }

    private void ChangeLink(byte how)
    {
        switch (how & 7)
        {
            case 0 or 1:
                _link.Room = how >> 3;
                _coverage.On(Sight.Backpressure);
                break;
            case 2:
                _link.SetMtu(576 + (how >> 3) * 32);
                break;
            case 3 when how == 251: // so rarely that other things happen first
                _link.IsGone = true;
                _coverage.On(Sight.LinkGone);
                _link.Put([]);
                break;
            case 3 when how is 243 or 235: // the same for the end of the stack, with and without last words
                _stop = how == 243 ? _stack.DisposeAsync().AsTask() : DisposeNow();
                break;
            case 4:
                Look();
                break;
            default:
                OpenLink();
                break;
        }
    }

    private Task DisposeNow()
    {
        _stack.Abort();
        return Task.CompletedTask;
    }

    // The device has room again: a turn of the loop would find that out.
    private void OpenLink()
    {
        _link.Room = int.MaxValue;
        _running!.Turn();
    }

    // Looking at the stack must not change it.
    private void Look()
    {
        _ = _stack.GetStatistics();
        _ = _stack.GetNeighbors();
        foreach (UserTcpConnection connection in _stack.GetConnections())
        {
            _ = connection.GetInfo();
        }

        foreach (UserTcpListener listener in _listeners)
        {
            _ = listener.GetStatistics();
        }
    }

    private static void Configure(UserTcpConnection connection, byte how)
    {
        switch (how & 7)
        {
            case 0:
                connection.NoDelay = (how & 8) != 0;
                break;
            case 1:
                connection.Corked = (how & 8) != 0;
                break;
            case 2:
                connection.KeepAlive = (how & 8) != 0 ? new UserTcpKeepAliveOptions() : null;
                break;
            case 3:
                connection.UserTimeout = (how & 8) != 0 ? TimeSpan.FromSeconds(how) : null;
                break;
            case 4:
                connection.TrafficClass = how;
                break;
            default:
                connection.Output.CancelPendingFlush();
                break;
        }
    }

    private void Await(Task task, CancellationTokenSource? cancellation, Action<Task> use) =>
        _calls.Add(new PendingCall(task, cancellation, use));

    /// <summary>Uses the results of calls that have ended.</summary>
    private void FollowCalls()
    {
        for (int i = _calls.Count - 1; i >= 0; i--)
        {
            PendingCall call = _calls[i];
            if (!call.Task.IsCompleted)
                continue;

            _calls.RemoveAt(i);
            if (call.Task.Exception?.InnerException is Exception e && !Application.IsExpected(e))
                throw new FuzzViolationException("A call ended with an exception that nobody expects.", e);
            call.Use();
            if (call.IsCancelled && call.Task.IsCanceled)
                _coverage.On(call.Task is Task<UserTcpConnection> ? Sight.ConnectCancelled : Sight.AcceptCancelled);
            if (call.Task.Exception?.InnerException is UserTcpConnectionException { CloseReason: not 0 })
                _coverage.On(Sight.ConnectTimedOut);
            call.Dispose();
        }
    }
}
