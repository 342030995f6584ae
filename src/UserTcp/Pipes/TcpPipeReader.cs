using System.IO.Pipelines;
using UserTcp.Buffers;
using UserTcp.Primitives;

namespace UserTcp.Pipes;

/// <summary>
/// The bytes of a peer as a <see cref="PipeReader"/>, straight from the memory that received them. Bytes that came
/// before a reset are read before it is reported. It outlives the connection behind it.
/// </summary>
/// <remarks>
/// The stack shows what has arrived (<see cref="OnReadable"/>), and takes what was consumed (<see cref="OnConsumed"/>).
/// Both sides meet under a lock of the reader's own, which nobody holds for longer than that takes. So the application
/// never waits for the door.
/// </remarks>
internal sealed partial class TcpPipeReader : PipeReader, IPipeSignalOwner<ReadResult>
{
    private static readonly Action<object?, CancellationToken> s_onCancelled =
        static (state, token) => ((TcpPipeReader)state!).OnCancelled(token);

    private static readonly string s_heldOption =
        $"{nameof(UserTcpConnectionOptions)}.{nameof(UserTcpConnectionOptions.MaxHeldBytes)}";

    private readonly ReceiveQueue _queue;
    private readonly IDoor _door;
    private readonly PipeSignal<ReadResult> _signal;

    // All below changes under the lock, which is the queue's.
    private Chunk? _head;
    private Chunk? _tail;
    private long _arrived;
    private long _consumed;
    private long _examined;
    private long _viewEnd;
    private long _updateFrom;
    private int _minimum = 1;
    private bool _isFinished;
    private bool _isCancelRequested;
    private bool _isViewOut;
    private bool _isViewTentative;
    private bool _isCompleted;

    // The stack has shown the last of what arrived, and the reason of the end is known.
    private bool _isOver;

    /// <param name="queue">The receive queue, used under the door.</param>
    /// <param name="door">The door of the stack.</param>
    public TcpPipeReader(ReceiveQueue queue, IDoor door)
    {
        _queue = queue;
        _door = door;
        _signal = new PipeSignal<ReadResult>(this);
        TakeArrived();
    }

    private enum Verdict
    {
        Wait,
        Ready,
        Failed,
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) =>
        ReadAsync(1, cancellationToken);

    public override bool TryRead(out ReadResult result)
    {
        Verdict verdict;
        lock (_queue)
        {
            BeginRead(minimum: 1);
            if (_signal.IsWaiting)
                throw ReadInProgress();
            verdict = Decide(out result);
        }

        return verdict == Verdict.Failed ? throw MakeError() : verdict == Verdict.Ready;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        bool isUpdateDue;
        lock (_queue)
        {
            ThrowIfCompleted();
            if (_door.End.IsLetGo || !Advance(consumed, examined, out isUpdateDue))
                return;
        }

        if (isUpdateDue)
            _door.Post(PipeCalls.Receive);
        else
            _door.PostLazily(PipeCalls.Receive);
    }

    public override void CancelPendingRead()
    {
        lock (_queue)
        {
            if (!_signal.IsWaiting)
            {
                _isCancelRequested = true;
                return;
            }

            _signal.TryComplete(TakeView(isCanceled: true));
        }

        _signal.Resume(inlineAllowed: false);
    }

    /// <summary>
    /// The application reads no more. Its memory goes back; what arrives from now on is acknowledged and dropped, or
    /// answered with RST, as the machine sees fit.
    /// </summary>
    public override void Complete(Exception? exception = null) => Complete(isViewReleased: true);

    /// <summary>
    /// As <see cref="Complete(Exception?)"/>, asked for by somebody who does not know whether a reader is looking at
    /// bytes just now: their memory is never used again.
    /// </summary>
    public void CompleteForReader() => Complete(isViewReleased: false);

    private void Complete(bool isViewReleased)
    {
        bool isDue;
        bool isLetGo;
        lock (_queue)
        {
            if (_isCompleted)
                return;
            _isCompleted = true;
            _isViewOut &= !isViewReleased;
            isLetGo = _door.End.IsLetGo;
            isDue = _signal.TryFail();
        }

        if (isDue)
            _signal.Resume(inlineAllowed: false);
        if (!isLetGo)
            _door.Post(PipeCalls.CloseInput);
    }

    /// <remarks>
    /// What is waited for needs no window of its own: the peer may send all of it, whatever the buffer.
    /// </remarks>
    protected override ValueTask<ReadResult> ReadAtLeastAsyncCore(
        int minimumSize, CancellationToken cancellationToken) => ReadAsync(minimumSize, cancellationToken);

    private ValueTask<ReadResult> ReadAsync(int minimum, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);

        Verdict verdict;
        ReadResult result;
        bool wantsMore = false;
        lock (_queue)
        {
            BeginRead(minimum);
            verdict = Decide(out result);
            if (verdict == Verdict.Wait)
                wantsMore = BeginWait(cancellationToken);
            else if (_signal.IsWaiting)
                _signal.Withdraw();
        }

        if (wantsMore)
            _door.Post(PipeCalls.Receive);
        return verdict switch
        {
            Verdict.Ready => new ValueTask<ReadResult>(result),
            Verdict.Wait => _signal.Begin(cancellationToken, s_onCancelled, this),
            _ => ValueTask.FromException<ReadResult>(MakeError()),
        };
    }

    private void BeginRead(int minimum)
    {
        ThrowIfCompleted();
        if (_door.End.IsLetGo)
            throw new ObjectDisposedException(nameof(UserTcpConnection));
        ForgetRead();
        if (_isViewOut && !_isViewTentative)
            throw ReadInProgress();
        _isViewOut = _isViewTentative = false;
        _minimum = Math.Max(1, minimum);
    }

    /// <summary>
    /// The read before this one may never have been awaited: its bytes are given again, and its cancellation.
    /// </summary>
    private void ForgetRead()
    {
        bool isViewUnseen = _signal.IsBusy;
        if (!_signal.TryForget(out ReadResult forgotten, out bool wasCancelled))
            throw ReadInProgress();
        _isCancelRequested |= forgotten.IsCanceled || wasCancelled;
        _isViewTentative |= isViewUnseen;
    }

    /// <returns>Whether the peer has to be told that it may send more.</returns>
    private bool BeginWait(CancellationToken cancellationToken)
    {
        long held = _examined - _consumed;
        if (held >= _queue.HeldLimit || _minimum > _queue.HeldLimit)
        {
            throw new InvalidOperationException(
                $"The reader holds {held} bytes, asks for {_minimum} and may hold {_queue.HeldLimit}. " +
                $"Consume some, or raise {s_heldOption}.");
        }

        _signal.Arm(cancellationToken);
        return _minimum > 1 && _consumed + _minimum > _queue.Wanted;
    }

    /// <param name="consumed">The end of what is not looked at any more.</param>
    /// <param name="examined">The end of what was looked at.</param>
    /// <param name="isUpdateDue">Whether the peer has to hear of the window now.</param>
    /// <returns>Whether the stack has to hear of it.</returns>
    private bool Advance(SequencePosition consumed, SequencePosition examined, out bool isUpdateDue)
    {
        if (!_isViewOut || _signal.IsBusy)
            throw new InvalidOperationException("No reading operation to complete: call ReadAsync before AdvanceTo.");
        long consumedTo = Translate(consumed);
        long examinedTo = examined.GetObject() is null ? consumedTo : Translate(examined);
        if (examinedTo < consumedTo)
            throw new InvalidOperationException("The examined position lies before the consumed one.");

        bool opensWindow = examinedTo > _queue.Wanted;
        bool isProgress = consumedTo > _consumed || opensWindow;
        isUpdateDue = opensWindow && examinedTo >= Volatile.Read(ref _updateFrom);
        _isViewOut = false;
        _consumed = consumedTo;
        _examined = examinedTo;
        return isProgress;
    }

    /// <summary>The position in the stream of a position in the view that is out.</summary>
    private long Translate(SequencePosition position)
    {
        if (position.GetObject() is null && position.GetInteger() == 0)
            return _consumed;
        if (position.GetObject() is Chunk chunk && IsInView(chunk))
        {
            long translated = chunk.Start + position.GetInteger();
            if (translated >= _consumed && translated <= _viewEnd)
                return translated;
        }

        throw new InvalidOperationException(
            "The position lies outside the buffer that was read last: pass AdvanceTo positions of ReadResult.Buffer.");
    }

    private bool IsInView(Chunk chunk)
    {
        for (Chunk? at = _head; at is not null && at.Start < _viewEnd; at = at.Following)
        {
            if (ReferenceEquals(at, chunk))
                return true;
        }

        return false;
    }

    private static InvalidOperationException ReadInProgress() =>
        new("Reading is already in progress: one read at a time, then AdvanceTo.");

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
    }
}
