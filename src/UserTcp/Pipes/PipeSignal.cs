using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace UserTcp.Pipes;

/// <summary>The pipe half of a signal.</summary>
internal interface IPipeSignalOwner<T>
{
    /// <summary>Where continuations run.</summary>
    PipeScheduler Scheduler { get; }

    /// <summary>
    /// Whether an operation that is awaited after a later one has taken its place has a result; or else awaiting it
    /// throws.
    /// </summary>
    bool HasLateResults { get; }

    /// <summary>The result of such an operation.</summary>
    T LateResult { get; }

    /// <summary>The exception of a failed operation. Outside the lock.</summary>
    Exception MakeError();
}

/// <summary>
/// The lock of a pipe half, taken by the thread inside the door. An interrupt must not hit that thread here: it would
/// end the stack. The application holds the lock for a few instructions.
/// </summary>
internal readonly ref struct HolderLock
{
    private readonly object _gate;

    private HolderLock(object gate) => _gate = gate;

    public static HolderLock Enter(object gate)
    {
        var wait = default(SpinWait);
        while (!Monitor.TryEnter(gate))
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        return new HolderLock(gate);
    }

    public void Dispose() => Monitor.Exit(_gate);
}

/// <summary>
/// One waiting operation of a pipe half, used again and again. It is armed, and its outcome decided, under the lock of
/// the half; it is resumed after the lock was left, on the application's scheduler, without an allocation. An
/// operation that its caller never awaits does not block the next one, as with <see cref="Pipe"/>.
/// </summary>
internal sealed class PipeSignal<T> : IValueTaskSource<T>, IThreadPoolWorkItem
{
    private static readonly Action<object?> s_execute = static state => ((PipeSignal<T>)state!).Execute();

    private readonly IPipeSignalOwner<T> _owner;

    // Without the result, which is large and kept below.
    private ManualResetValueTaskSourceCore<bool> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private T _result = default!;
    private Phase _phase;
    private Outcome _outcome;
    private bool _isAwaited;

    /// <param name="owner">The pipe half.</param>
    public PipeSignal(IPipeSignalOwner<T> owner) => _owner = owner;

    private enum Phase
    {
        Idle,
        Waiting,
        Decided,
        Resumed,
        Completed,
    }

    private enum Outcome : byte
    {
        Result,
        Error,
        Cancelled,
    }

    /// <summary>Whether an operation waits for its outcome.</summary>
    public bool IsWaiting => _phase == Phase.Waiting;

    /// <summary>Whether an operation has begun whose outcome the caller has not taken yet.</summary>
    public bool IsBusy => _phase != Phase.Idle;

    /// <summary>
    /// Makes room for the caller's next operation: an outcome that nobody awaits is dropped. An operation that still
    /// waits stays, for <see cref="Arm"/> to go on with or <see cref="Withdraw"/> to end. Under the lock.
    /// </summary>
    /// <param name="result">The dropped result, if there was one.</param>
    /// <param name="wasCancelled">Whether a token had ended the dropped operation.</param>
    /// <returns>False if the caller awaits an operation: the next one is a mistake.</returns>
    public bool TryForget(out T result, out bool wasCancelled)
    {
        result = default!;
        wasCancelled = false;
        if (_isAwaited)
            return false;
        if (_phase is Phase.Idle or Phase.Waiting)
            return true;
        TakeBack();
        wasCancelled = _outcome == Outcome.Cancelled;
        result = _result;
        Withdraw();
        return true;
    }

    /// <summary>
    /// Ends the operation, for which nobody waits: its outcome is given in another way. Under the lock.
    /// </summary>
    public void Withdraw()
    {
        // It does not wait for a callback that is running, which may wait for the lock. TryCancel compares its token.
        _registration.Unregister();
        _registration = default;
        _token = default;
        _result = default!;
        _core.Reset();
        _phase = Phase.Idle;
    }

    /// <summary>Begins to wait, or goes on with the wait of a caller who never awaited it. Under the lock.</summary>
    /// <param name="cancellationToken">The one that may end the wait.</param>
    public void Arm(CancellationToken cancellationToken)
    {
        _token = cancellationToken;
        if (IsWaiting)
            return;
        _core.Reset();
        _phase = Phase.Waiting;
    }

    /// <summary>
    /// The task that the caller awaits; called once for each <see cref="Arm"/>, outside the lock. The token may end
    /// the wait.
    /// </summary>
    /// <param name="cancellationToken">The one given to <see cref="Arm"/>: the exception carries it.</param>
    /// <param name="onCancelled">Called with <paramref name="owner"/> when the token is cancelled.</param>
    /// <param name="owner">The pipe half.</param>
    public ValueTask<T> Begin(
        CancellationToken cancellationToken, Action<object?, CancellationToken> onCancelled, object owner)
    {
        _registration.Unregister(); // of the caller who never awaited
        _registration = default;
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(onCancelled, owner);
        return new ValueTask<T>(this, _core.Version);
    }

    /// <summary>
    /// Decides the operation that waits, if one does. Under the lock; true: call <see cref="Resume"/> after it.
    /// </summary>
    public bool TryComplete(T result)
    {
        _result = IsWaiting ? result : _result;
        return TryDecide(Outcome.Result);
    }

    /// <summary>As <see cref="TryComplete"/>, with the exception that the maker of errors will make.</summary>
    public bool TryFail() => TryDecide(Outcome.Error);

    /// <summary>
    /// As <see cref="TryComplete"/>, with an <see cref="OperationCanceledException"/>. The token of an earlier
    /// operation does nothing.
    /// </summary>
    public bool TryCancel(CancellationToken token) => token == _token && TryDecide(Outcome.Cancelled);

    /// <summary>Hands the decided operation to the scheduler. Outside the lock.</summary>
    /// <param name="inlineAllowed">
    /// Whether this thread may run the continuation itself, where the scheduler is <see cref="PipeScheduler.Inline"/>.
    /// Even then it does so one level deep only.
    /// </param>
    public void Resume(bool inlineAllowed)
    {
        if (!TryMove(Phase.Decided, Phase.Resumed))
            return;
        PipeScheduler scheduler = _owner.Scheduler;
        if (ReferenceEquals(scheduler, PipeScheduler.ThreadPool))
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else if (!ReferenceEquals(scheduler, PipeScheduler.Inline))
            scheduler.Schedule(s_execute, this);
        else if (!inlineAllowed || !InlineRun.TryEnter())
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else
            ExecuteInline();
    }

    void IThreadPoolWorkItem.Execute() => Execute();

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) =>
        IsLate(token) ? ValueTaskSourceStatus.Succeeded : _core.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        if (token == _core.Version)
            _isAwaited = true;
        _core.OnCompleted(continuation, state, token, flags);
    }

    T IValueTaskSource<T>.GetResult(short token)
    {
        if (IsLate(token))
            return _owner.LateResult;
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            _core.GetResult(token); // it throws

        // Waits for a callback that is running just now: it must not meet the next operation.
        _registration.Dispose();
        _registration = default;
        try
        {
            _core.GetResult(token); // it throws what the operation failed with
            return _result;
        }
        finally
        {
            _token = default;
            _result = default!;
            _isAwaited = false;
            _phase = Phase.Idle;
            _core.Reset(); // or an idle connection would hold the caller's state until the next operation
        }
    }

    private bool TryDecide(Outcome outcome)
    {
        if (!IsWaiting)
            return false;
        _outcome = outcome;
        Interlocked.Exchange(ref _phase, Phase.Decided); // Resume looks at it without the lock, then at the outcome
        return true;
    }

    private bool IsLate(short token) => _owner.HasLateResults && token != _core.Version;

    private bool TryMove(Phase from, Phase to) => Interlocked.CompareExchange(ref _phase, to, from) == from;

    /// <summary>
    /// Takes a decided operation back, or lets another thread end its completion: that is in the middle of a few
    /// instructions, and no code of the application's is among them.
    /// </summary>
    private void TakeBack()
    {
        var wait = default(SpinWait);
        while (!TryMove(Phase.Decided, Phase.Idle) && !TryMove(Phase.Resumed, Phase.Idle)
            && _core.GetStatus(_core.Version) == ValueTaskSourceStatus.Pending)
        {
            wait.SpinOnce();
        }
    }

    private void Execute()
    {
        // A caller who did not await this operation may have dropped it meanwhile, and begun another.
        if (!TryBeginCompletion(out Exception? error))
            return;
        switch (_outcome)
        {
            case Outcome.Result:
                _core.SetResult(true);
                break;
            case Outcome.Cancelled:
                _core.SetException(new OperationCanceledException(_token));
                break;
            default:
                _core.SetException(error!);
                break;
        }
    }

    /// <summary>
    /// The maker of errors may run code of the application's. It runs first, while the operation can be taken back.
    /// </summary>
    private bool TryBeginCompletion(out Exception? error)
    {
        do
        {
            error = _phase == Phase.Resumed && _outcome == Outcome.Error ? _owner.MakeError() : null;
            if (!TryMove(Phase.Resumed, Phase.Completed))
                return false;
            if (_outcome != Outcome.Error || error is not null)
                return true;
        }
        while (TryMove(Phase.Completed, Phase.Resumed));
        return false;
    }

    private void ExecuteInline()
    {
        try
        {
            Execute();
        }
        finally
        {
            InlineRun.Leave();
        }
    }
}

/// <summary>
/// Whether this thread is running a continuation inline: a second one inside it would be somebody else's.
/// </summary>
internal static class InlineRun
{
    [ThreadStatic]
    private static bool t_isRunning;

    public static bool TryEnter()
    {
        if (t_isRunning)
            return false;
        t_isRunning = true;
        return true;
    }

    public static void Leave() => t_isRunning = false;
}
