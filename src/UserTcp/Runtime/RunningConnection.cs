using System.Diagnostics;
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
internal sealed partial class RunningConnection : IDoor, IWakeTarget
{
    private static long s_lastId;
    private readonly RunningStack _stack;
    private readonly StackConnection _core;
    private readonly bool _isPooled;
    private readonly bool _mayDefer;
    private Milestone<bool> _connected;
    private Milestone<UserTcpCloseReason> _inputClosed;
    private Milestone<bool> _outputEnd;
    private Milestone<UserTcpCloseReason> _closed;
    private IPEndPoint? _localEndPoint;
    private IPEndPoint? _remoteEndPoint;
    private UserTcpCloseReason _reason;
    private Exception? _cause;
    private bool _isExpected;
    private bool _isOutputOver;
    private ConnectionObservers? _observers;

    public RunningConnection(RunningStack stack, StackConnection core, ConnectionSettings settings)
    {
        _stack = stack;
        _core = core;
        Settings = settings;
        _isPooled = ReferenceEquals(Scheduler, PipeScheduler.ThreadPool);
        _mayDefer = _isPooled || ReferenceEquals(Scheduler, PipeScheduler.Inline);
        core.Receive.HeldLimit = settings.MaxHeldBytes;
        Id = Interlocked.Increment(ref s_lastId);
        Reader = new TcpPipeReader(core.Receive, this, Scheduler);
        Writer = new TcpPipeWriter(core.Send, this, Scheduler);
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

    public RunningStack Stack => _stack;

    /// <summary>Where the application's code resumes.</summary>
    public PipeScheduler Scheduler => Settings.Scheduler ?? _stack.Scheduler;

    /// <summary>The public object for this connection, once somebody asked for one.</summary>
    public object? Facade { get; set; }

    /// <summary>The span of the connect that this is, if anybody listens to spans.</summary>
    public Activity? ConnectSpan { get; init; }

    /// <summary>Read under the door.</summary>
    public HostAddress NextHop => _core.NextHop;

    /// <summary>Whether the handshake ended well.</summary>
    public Task<bool> Connected => _connected.Task(_stack.Completions);

    public Task<UserTcpCloseReason> InputClosed => _inputClosed.Task(_stack.Completions);

    /// <summary>Never fails: whether all that was written, and FIN, was acknowledged.</summary>
    public Task<bool> OutputEnd => _outputEnd.Task(_stack.Completions);

    public Task<UserTcpCloseReason> Closed => _closed.Task(_stack.Completions);

    public UserTcpCloseReason CloseReason => _reason;

    /// <summary>The exception that the application gave to <see cref="Abort"/>; null if it gave none.</summary>
    public Exception? Cause => _cause;

    /// <summary>Our state, now.</summary>
    public TcpState State => Look(static (core, _) => core.Tcb.State);

    void IDoor.Enter()
    {
        _stack.Door.EnterLock();
        Arrive();
    }

    void IDoor.Call(PipeCall call)
    {
        UserCall userCall = call switch
        {
            PipeCall.Send => UserCall.Send,
            PipeCall.Receive => UserCall.Receive,
            PipeCall.Close => UserCall.Close,
            PipeCall.Abort => UserCall.Abort,
            _ => UserCall.CloseInput,
        };
        _stack.Door.Call(_core, userCall);
    }

    void IDoor.Leave() => _stack.Door.Leave(mayDefer: _mayDefer);

    /// <summary>RST now. Idempotent.</summary>
    public void Abort(Exception? cause)
    {
        using Door.Visit visit = Enter();
        _cause ??= cause;
        visit.Call(_core, UserCall.Abort);
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
    public void OnDiscarded(Door.Visit visit) => OnReleased(visit, UserCall.Abort);

    /// <summary>
    /// FIN after what was written, from the stack and not from the writer, which is told that it is over.
    /// </summary>
    public void CloseOutput()
    {
        using Door.Visit visit = Enter();
        if (Writer.OnDisposed())
            visit.Wakes.Add(this, WakeReasons.Writer);
        // A handshake that has not ended has nothing to send, and nobody to say goodbye to.
        visit.Call(_core, _core.Tcb.State == TcpState.SynSent ? UserCall.StackStopped : UserCall.Close);
    }

    /// <summary>
    /// The application lets go: pending reads and flushes end, FIN follows what was written, or RST if bytes were left
    /// unread (RFC 9293 §3.6.1, SHLD-3).
    /// </summary>
    public void Detach()
    {
        using Door.Visit visit = Enter();
        OnReleased(visit, UserCall.Detach);
    }

    /// <summary>Sends what was written, and says that it is urgent (RFC 9293 §3.8.5). Called by the writer.</summary>
    public void FlushUrgent()
    {
        using Door.Visit visit = Enter();
        _core.Send.Publish();
        visit.Call(_core, UserCall.SendUrgent);
    }

    /// <summary>STATUS (RFC 9293 §3.9.1.6); works after the end too.</summary>
    public TcbReport Describe() => Look(static (core, now) => core.Tcb.Describe(now));

    public void SetTrafficClass(byte value)
    {
        using Door.Visit visit = _stack.Door.Enter();
        _core.Tcb.Live = _core.Tcb.Live with { TrafficClass = value };
    }

    /// <summary>Changes settings of the machine, then lets it see what follows from them.</summary>
    public void Configure<T>(T value, Func<LiveSettings, T, LiveSettings> change)
    {
        using Door.Visit visit = _stack.Door.Enter();
        _core.Tcb.Live = change(_core.Tcb.Live, value);
        visit.Call(_core, UserCall.Reconfigure);
    }

    /// <summary>Looks at the machine, at one moment.</summary>
    public TResult Look<TResult>(Func<StackConnection, Instant, TResult> look)
    {
        using Door.Visit visit = _stack.Door.Enter();
        return look(_core, visit.Now);
    }

    // For what the application asks of this connection: it is back.
    private Door.Visit Enter()
    {
        Door.Visit visit = _stack.Door.Enter();
        Arrive();
        return visit;
    }

    // The writer publishes before the machine puts FIN behind the last byte, and the machine looks at the unread bytes
    // before the reader gives them back, whatever state the machine is in.
    private void OnReleased(Door.Visit visit, UserCall call)
    {
        WakeReasons reasons = Writer.OnDisposed() ? WakeReasons.Writer : WakeReasons.None;
        visit.Call(_core, call);
        if (Reader.OnDisposed())
            reasons |= WakeReasons.Reader;
        if (reasons != WakeReasons.None)
            visit.Wakes.Add(this, reasons);
    }

    private void Arrive()
    {
        if (!_isExpected)
            return;

        _isExpected = false;
        _stack.Door.Coalescer.OnReturned();
    }

    private void Log(WakeReasons reasons)
    {
        ILogger logger = _stack.ConnectionLogger;
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
            LogMessages.ConnectionClosed(logger, Id, _reason);
        else
            LogMessages.ConnectFailed(logger, Id, _reason);
    }

    private void LogConnected(ILogger logger)
    {
        if (!_core.IsIncoming)
            LogMessages.Connected(logger, Id);
        else
            LogMessages.Accepted(logger, Id, LocalEndPoint.ToString(), RemoteEndPoint.ToString());
    }
}
