using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace UserTcp.Pipes;

/// <summary>
/// One waiting operation of a pipe half, used again and again. It is armed, and its outcome decided, under the door; it
/// is resumed after the door was left, on the application's scheduler, without an allocation.
/// </summary>
internal sealed class PipeSignal<T> : IValueTaskSource<T>, IThreadPoolWorkItem
{
    private static readonly Action<object?> s_execute = static state => ((PipeSignal<T>)state!).Execute();

    private readonly PipeScheduler _scheduler;
    private readonly object? _owner;
    private readonly Func<object?, Exception>? _makeError;
    private ManualResetValueTaskSourceCore<T> _core;
    private CancellationTokenRegistration _registration;
    private CancellationToken _token;
    private T _result = default!;
    private Phase _phase;
    private Outcome _outcome;

    /// <param name="scheduler">Where continuations run.</param>
    /// <param name="owner">The pipe half, for <paramref name="makeError"/>.</param>
    /// <param name="makeError">
    /// Makes the exception of a failed operation; runs outside the door. Static: there is a signal for each direction
    /// of each connection.
    /// </param>
    public PipeSignal(PipeScheduler scheduler, object? owner = null, Func<object?, Exception>? makeError = null)
    {
        _scheduler = scheduler;
        _owner = owner;
        _makeError = makeError;
    }

    private enum Phase
    {
        Idle,
        Waiting,
        Decided,
        Resumed,
    }

    private enum Outcome
    {
        Result,
        Error,
        Cancelled,
    }

    /// <summary>Whether an operation waits for its outcome.</summary>
    public bool IsWaiting => _phase == Phase.Waiting;

    /// <summary>Whether an operation has begun whose outcome the caller has not taken yet.</summary>
    public bool IsBusy => _phase != Phase.Idle;

    /// <summary>Begins to wait. Under the door.</summary>
    public void Arm()
    {
        _core.Reset();
        _phase = Phase.Waiting;
    }

    /// <summary>
    /// What the caller awaits; called once for each <see cref="Arm"/>, outside the door. The token may end the wait.
    /// </summary>
    /// <param name="cancellationToken">The caller's own: the exception carries it.</param>
    /// <param name="onCancelled">Called with <paramref name="owner"/> when the token is cancelled.</param>
    /// <param name="owner">The pipe half.</param>
    public ValueTask<T> Begin(
        CancellationToken cancellationToken, Action<object?, CancellationToken> onCancelled, object owner)
    {
        if (cancellationToken.CanBeCanceled)
            _registration = cancellationToken.UnsafeRegister(onCancelled, owner);
        return new ValueTask<T>(this, _core.Version);
    }

    /// <summary>
    /// Decides the operation that waits, if one does. Under the door; true: call <see cref="Resume"/> after it.
    /// </summary>
    public bool TryComplete(T result)
    {
        _result = IsWaiting ? result : _result;
        return TryDecide(Outcome.Result);
    }

    /// <summary>As <see cref="TryComplete"/>, with the exception that the maker of errors will make.</summary>
    public bool TryFail() => TryDecide(Outcome.Error);

    /// <summary>As <see cref="TryComplete"/>, with an <see cref="OperationCanceledException"/>.</summary>
    public bool TryCancel(CancellationToken token)
    {
        _token = token;
        return TryDecide(Outcome.Cancelled);
    }

    /// <summary>Hands the decided operation to the scheduler. Outside the door.</summary>
    /// <param name="inlineAllowed">
    /// Whether this thread may run the continuation itself, where the scheduler is <see cref="PipeScheduler.Inline"/>.
    /// Even then it does so one level deep only.
    /// </param>
    public void Resume(bool inlineAllowed)
    {
        if (_phase != Phase.Decided)
            return;
        _phase = Phase.Resumed;
        if (ReferenceEquals(_scheduler, PipeScheduler.ThreadPool))
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else if (!ReferenceEquals(_scheduler, PipeScheduler.Inline))
            _scheduler.Schedule(s_execute, this);
        else if (!inlineAllowed || !InlineRun.TryEnter())
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else
            ExecuteInline();
    }

    void IThreadPoolWorkItem.Execute() => Execute();

    ValueTaskSourceStatus IValueTaskSource<T>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<T>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    T IValueTaskSource<T>.GetResult(short token)
    {
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
            return _core.GetResult(token); // it throws

        // Waits for a callback that is running just now: it must not meet the next operation.
        _registration.Dispose();
        _registration = default;
        _result = default!;
        _phase = Phase.Idle;
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset(); // or an idle connection would hold the caller's state until the next operation
        }
    }

    private bool TryDecide(Outcome outcome)
    {
        if (!IsWaiting)
            return false;
        _outcome = outcome;
        _phase = Phase.Decided;
        return true;
    }

    private void Execute()
    {
        switch (_outcome)
        {
            case Outcome.Result:
                _core.SetResult(_result);
                break;
            case Outcome.Cancelled:
                _core.SetException(new OperationCanceledException(_token));
                break;
            default:
                _core.SetException(_makeError!(_owner));
                break;
        }
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
