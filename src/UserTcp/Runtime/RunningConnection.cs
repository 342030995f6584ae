using System.IO.Pipelines;
using System.Net;
using Microsoft.Extensions.Logging;
using UserTcp.Diagnostics;
using UserTcp.Pipes;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;

namespace UserTcp.Runtime;

/// <summary>
/// A connection between the application and the stack: its pipe halves, the tasks that tell of its life, and the calls
/// that go through the door. Members named On… run under the door, all others outside.
/// </summary>
internal sealed partial class RunningConnection : MailNode, IDoor, IWakeTarget
{
    private static long s_lastId;
    private readonly RunningShard _shard;
    private readonly StackConnection _core;
    private readonly bool _isPooled;
    private readonly bool _mayDefer;
    private Milestone<bool> _connected;
    private Milestone<UserTcpCloseReason> _inputClosed;
    private Milestone<bool> _outputEnd;
    private Milestone<UserTcpCloseReason> _closed;
    private IPEndPoint? _localEndPoint;
    private IPEndPoint? _remoteEndPoint;
    private ConnectionEnd _end;
    private bool _isExpected;
    private bool _isOutputOver;
    private ConnectionObservers? _observers;

    public RunningConnection(RunningShard shard, StackConnection core, ConnectionSettings settings)
    {
        _shard = shard;
        _core = core;
        Settings = settings;
        _isPooled = ReferenceEquals(Scheduler, PipeScheduler.ThreadPool);
        _mayDefer = _isPooled || ReferenceEquals(Scheduler, PipeScheduler.Inline);
        core.Receive.HeldLimit = settings.MaxHeldBytes;
        core.Send.Source = shard.Stash;
        Id = Interlocked.Increment(ref s_lastId);
        Reader = new TcpPipeReader(core.Receive, this);
        Writer = new TcpPipeWriter(core.Send, this);
    }

    /// <summary>Unique in the process, from 1.</summary>
    public long Id { get; }

    public ConnectionSettings Settings { get; }

    public IPEndPoint LocalEndPoint =>
        _localEndPoint ??= new IPEndPoint(_core.Flow.Local.ToIPAddress(), _core.Flow.LocalPort);

    public IPEndPoint RemoteEndPoint =>
        _remoteEndPoint ??= new IPEndPoint(_core.Flow.Remote.ToIPAddress(), _core.Flow.RemotePort);

    public TcpPipeReader Reader { get; }

    public TcpPipeWriter Writer { get; }

    public RunningStack Stack => _shard.Stack;

    /// <summary>Where the application's code resumes.</summary>
    public PipeScheduler Scheduler => Settings.Scheduler ?? Stack.Scheduler;

    /// <summary>The public object for this connection, once somebody asked for one.</summary>
    public object? Facade { get; set; }

    /// <summary>Read under the door.</summary>
    public HostAddress NextHop => _core.NextHop;

    /// <summary>Whether the handshake ended well.</summary>
    public Task<bool> Connected => _connected.Task(Stack.Completions);

    public Task<UserTcpCloseReason> InputClosed => _inputClosed.Task(Stack.Completions);

    /// <summary>Never fails: whether all that was written, and FIN, was acknowledged.</summary>
    public Task<bool> OutputEnd => _outputEnd.Task(Stack.Completions);

    public Task<UserTcpCloseReason> Closed => _closed.Task(Stack.Completions);

    /// <inheritdoc/>
    public ref ConnectionEnd End => ref _end;

    public UserTcpCloseReason CloseReason => _end.Reason;

    /// <summary>The exception that the application gave to <see cref="Abort"/>; null if it gave none.</summary>
    public Exception? Cause => _end.Cause;

    /// <summary>Our state, now.</summary>
    public TcpState State => Look(static (core, _) => core.Tcb.State);

    /// <inheritdoc/>
    public void Post(PipeCalls calls)
    {
        if ((calls & PipeCalls.Abort) != 0)
            _end.AskAbort();
        _shard.Door.Post(this, (int)calls, _mayDefer);
    }

    /// <inheritdoc/>
    public void PostLazily(PipeCalls calls) => _shard.Door.PostLazily(this, (int)calls, _mayDefer);

    /// <summary>RST. Idempotent.</summary>
    public void Abort(Exception? cause)
    {
        _end.OfferCause(cause);
        Post(PipeCalls.Abort);
    }

    /// <summary>
    /// RST, and nothing is kept: whoever asked for the connection has given up, and nobody else will ever have it.
    /// </summary>
    public void Discard()
    {
        using Door.Visit visit = Enter();
        OnDiscarded(visit);
    }

    /// <summary>As <see cref="Discard"/>, under the door.</summary>
    public void OnDiscarded(Door.Visit visit)
    {
        _end.OnLetGo();
        WakeReasons reasons = Writer.OnLetGo() ? WakeReasons.Writer : WakeReasons.None;
        if (Reader.OnLetGo())
            reasons |= WakeReasons.Reader;
        OnReleased(visit, UserCall.Abort);
        if (reasons != WakeReasons.None)
            visit.Wakes.Add(this, reasons);
    }

    /// <summary>
    /// FIN after what was written, from the stack and not from the writer, which is told that it is over.
    /// </summary>
    public void CloseOutput()
    {
        using Door.Visit visit = Enter();
        _end.OnOutputTaken();
        if (Writer.OnLetGo())
            visit.Wakes.Add(this, WakeReasons.Writer);
        Writer.OnOutputClosed();
        // A handshake that has not ended has nothing to send, and nobody to say goodbye to.
        visit.Call(_core, _core.Tcb.State == TcpState.SynSent ? UserCall.StackStopped : UserCall.Close);
    }

    /// <summary>
    /// The application lets go: pending reads and flushes end, FIN follows what was written, or RST if bytes were left
    /// unread (RFC 9293 §3.6.1, SHLD-3).
    /// </summary>
    public void Detach()
    {
        _end.OnLetGo();
        bool isWriterDue = Writer.OnLetGo();
        bool isReaderDue = Reader.OnLetGo();
        try
        {
            Post(PipeCalls.Detach);
        }
        finally
        {
            // The application's scheduler may do what it likes: the connection is let go of.
            if (isWriterDue)
                Writer.Resume(inlineAllowed: false);
            if (isReaderDue)
                Reader.Resume(inlineAllowed: false);
        }
    }

    /// <summary>STATUS (RFC 9293 §3.9.1.6); works after the end too.</summary>
    public TcbReport Describe() => Look(static (core, now) => core.Tcb.Describe(now));

    public void SetTrafficClass(byte value)
    {
        using Door.Visit visit = _shard.Door.Enter();
        _core.Tcb.Live = _core.Tcb.Live with { TrafficClass = value };
    }

    /// <summary>Changes settings of the machine, then lets it see what follows from them.</summary>
    public void Configure<T>(T value, Func<LiveSettings, T, LiveSettings> change)
    {
        using Door.Visit visit = _shard.Door.Enter();
        _core.Tcb.Live = change(_core.Tcb.Live, value);
        visit.Call(_core, UserCall.Reconfigure);
    }

    /// <summary>Looks at the machine, at one moment.</summary>
    public TResult Look<TResult>(Func<StackConnection, Instant, TResult> look)
    {
        using Door.Visit visit = _shard.Door.Enter();
        return look(_core, visit.Now);
    }

    // For what the application asks of this connection: it is back.
    private Door.Visit Enter()
    {
        Door.Visit visit = _shard.Door.Enter();
        Arrive();
        return visit;
    }

    /// <summary>Under the door: serves what was posted.</summary>
    public void OnMail(PipeCalls calls, Door.Visit visit)
    {
        Arrive();
        if (!_mayDefer)
            visit.MustSend();
        if ((calls & PipeCalls.Receive) != 0)
        {
            Reader.OnConsumed();
            visit.Call(_core, UserCall.Receive);
            Reader.OnWindow(_core.Tcb.WindowUpdateFrom);
        }

        if ((calls & PipeCalls.SendUrgent) != 0)
        {
            visit.Call(_core, UserCall.SendUrgent(Writer.OnUrgent()));
        }

        if ((calls & (PipeCalls.Send | PipeCalls.SendUrgent)) != 0)
            OnFlushed(visit);
        if ((calls & PipeCalls.CloseInput) != 0)
        {
            Reader.OnInputClosed();
            visit.Call(_core, UserCall.CloseInput);
        }

        OnEndAsked(calls, visit);
    }

    private void OnFlushed(Door.Visit visit)
    {
        if (Writer.OnFlushed())
            visit.Call(_core, UserCall.Send);
        if (Writer.OnWritable())
            visit.Wakes.Add(this, WakeReasons.Writer);
    }

    // The reason of an abort is what pending reads give, also if the connection is disposed of behind it.
    private void OnEndAsked(PipeCalls calls, Door.Visit visit)
    {
        if ((calls & PipeCalls.Close) != 0)
        {
            Writer.OnOutputClosed();
            visit.Call(_core, UserCall.Close);
        }

        if ((calls & PipeCalls.Abort) != 0)
            visit.Call(_core, UserCall.Abort);
        if ((calls & PipeCalls.Detach) != 0)
            OnReleased(visit, UserCall.Detach);
    }

    // The writer's bytes are there before the machine puts FIN behind the last of them, and the machine looks at the
    // unread bytes before the reader gives them back, whatever state the machine is in.
    private void OnReleased(Door.Visit visit, UserCall call)
    {
        Writer.OnOutputClosed();
        visit.Call(_core, call);
        Reader.OnInputClosed();
    }

    private void Arrive()
    {
        if (!_isExpected)
            return;

        _isExpected = false;
        _shard.Door.Coalescer.OnReturned();
    }

    private void Log(WakeReasons reasons)
    {
        ILogger logger = Stack.ConnectionLogger;
        if (!logger.IsEnabled(LogLevel.Debug))
            return;

        if ((reasons & WakeReasons.Connected) != 0)
            LogConnected(logger);
        if ((reasons & WakeReasons.Closed) == 0)
            return;

        TcbReport report = Describe();
        if (report.Counters.Retransmits > 0)
        {
            LogMessages.ConnectionLosses(
                logger, Id, report.Counters.Retransmits, report.Counters.FastRecoveries, report.Counters.Timeouts);
        }

        if (_core.WasConnected)
            LogMessages.ConnectionClosed(logger, Id, CloseReason);
        else
            LogMessages.ConnectFailed(logger, Id, CloseReason);
    }

    /// <summary>Tells the log that the connect has begun.</summary>
    public void LogConnecting()
    {
        ILogger logger = Stack.ConnectionLogger;
        if (logger.IsEnabled(LogLevel.Debug))
            LogMessages.Connecting(logger, Id, RemoteEndPoint.ToString(), LocalEndPoint.ToString());
    }

    private void LogConnected(ILogger logger)
    {
        if (!_core.IsIncoming)
            LogMessages.Connected(logger, Id);
        else
            LogMessages.Accepted(logger, Id, LocalEndPoint.ToString(), RemoteEndPoint.ToString());
    }
}
