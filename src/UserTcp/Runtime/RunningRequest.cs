using System.Net;
using System.Net.Sockets;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>
/// A connection request between the application and the stack. Members named On… run under the door, all others
/// outside.
/// </summary>
internal sealed class RunningRequest : IWakeTarget
{
    private readonly RunningShard _shard;
    private readonly RunningListener _listener;
    private readonly StackRequest _core;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly TaskCompletionSource<RunningConnection?> _outcome;

    private ConnectionSettings _settings;
    private RunningConnection? _connection;
    private bool _isAnswered;
    private bool _isAbandoned;

    public RunningRequest(RunningShard shard, RunningListener listener, StackRequest core)
    {
        _shard = shard;
        _listener = listener;
        _core = core;
        _settings = listener.Settings;
        _outcome = new TaskCompletionSource<RunningConnection?>(listener.Stack.Completions);
        LocalEndPoint = new IPEndPoint(core.Flow.Local.ToIPAddress(), core.Flow.LocalPort);
        RemoteEndPoint = new IPEndPoint(core.Flow.Remote.ToIPAddress(), core.Flow.RemotePort);
        Cancelled = _cancelled.Token;
    }

    public IPEndPoint LocalEndPoint { get; }

    public IPEndPoint RemoteEndPoint { get; }

    public CancellationToken Cancelled { get; }

    /// <summary>Where it waits to be taken; null if somebody waited for it.</summary>
    public LinkedListNode<RunningRequest>? Place { get; set; }

    private RunningStack Stack => _shard.Stack;

    /// <summary>Sends the SYN-ACK and waits for the handshake to end.</summary>
    public async ValueTask<RunningConnection> AcceptAsync(
        ConnectionSettings? settings, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using (Door.Visit visit = _shard.Door.Enter())
        {
            TakeAnswer();
            _settings = settings ?? _settings;
            TcpConfig config = Stack.ConfigFor(_settings);
            if (visit.IsDead || !visit.Shard.AcceptRequest(_core, config, visit.Now))
                throw GaveUp();
        }

        try
        {
            Task<RunningConnection?> outcome = _outcome.Task;
            return await outcome.WaitAsync(Stack.Driver.Deferred(cancellationToken)).ConfigureAwait(false)
                ?? throw GaveUp();
        }
        catch (OperationCanceledException)
        {
            Abandon();
            throw;
        }
    }

    public void Reject(RejectReason reason)
    {
        using Door.Visit visit = _shard.Door.Enter();
        TakeAnswer();
        _listener.OnRequestDecided(this);
        if (!visit.IsDead)
            visit.Shard.RejectRequest(_core, reason, visit.Now);
    }

    /// <summary>The state of the request in the stack changed.</summary>
    public void OnState(Door.Visit visit)
    {
        if (_core.State == RequestState.Established && _connection is null)
        {
            _listener.OnRequestDecided(this);
            _connection = _shard.OnNewConnection(visit, _core.Connection!, _settings);
            if (_isAbandoned)
                _connection.OnDiscarded(visit);
        }
        else if (_core.State == RequestState.Cancelled)
        {
            _listener.OnRequestDecided(this);
        }
        else
        {
            return;
        }

        visit.Wakes.Add(this, WakeReasons.Decided);
    }

    /// <summary>The stack ended without a word about this request.</summary>
    public void OnEnd(WakeList wakes) => wakes.Add(this, WakeReasons.Decided);

    void IWakeTarget.Wake(WakeReasons reasons, bool inlineAllowed)
    {
        _outcome.TrySetResult(_connection);
        if (_connection is null)
            Stack.Driver.CancelForApplication(_cancelled);
    }

    private void TakeAnswer()
    {
        if (_isAnswered)
            throw new InvalidOperationException("The request was answered before: the first answer counts.");

        _isAnswered = true;
    }

    // The handshake may end at any moment: a connection that nobody waits for any more is reset.
    private void Abandon()
    {
        using Door.Visit visit = _shard.Door.Enter();
        _isAbandoned = true;
        _connection?.OnDiscarded(visit);
    }

    private SocketException GaveUp() => _core.Listener.IsClosed || Stack.FaultCause is not null
        ? new((int)SocketError.OperationAborted, "The listener was disposed of before the handshake ended.")
        : new((int)SocketError.ConnectionReset, $"{RemoteEndPoint} gave up before the handshake ended.");
}
