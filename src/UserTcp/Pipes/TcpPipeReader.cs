using System.IO.Pipelines;
using UserTcp.Buffers;
using UserTcp.Primitives;

namespace UserTcp.Pipes;

/// <summary>
/// The bytes of a peer as a <see cref="PipeReader"/>, straight from the memory that received them. Bytes that came
/// before a reset are read before it is reported. It outlives the connection behind it.
/// </summary>
internal sealed partial class TcpPipeReader : PipeReader
{
    private static readonly Action<object?, CancellationToken> s_onCancelled =
        static (state, token) => ((TcpPipeReader)state!).OnCancelled(token);

    private static readonly string s_heldOption =
        $"{nameof(UserTcpConnectionOptions)}.{nameof(UserTcpConnectionOptions.MaxHeldBytes)}";

    private readonly ReceiveQueue _queue;
    private readonly IDoor _door;
    private readonly PipeSignal<ReadResult> _signal;

    // All below changes under the door.
    private long _minimum = 1;
    private bool _isCancelRequested;
    private bool _isViewTentative;
    private bool _isCompleted;
    private bool _isDisposed;
    private bool _isEndedByDisposal;
    private UserTcpCloseReason _closeReason;
    private Exception? _cause;

    /// <param name="queue">The receive queue.</param>
    /// <param name="door">The door of the stack.</param>
    /// <param name="scheduler">Where reads that waited resume.</param>
    public TcpPipeReader(ReceiveQueue queue, IDoor door, PipeScheduler scheduler)
    {
        _queue = queue;
        _door = door;
        _signal = new PipeSignal<ReadResult>(
            scheduler, this, static reader => ((TcpPipeReader)reader!).MakeError());
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
        _door.Enter();
        try
        {
            BeginRead(minimum: 1);
            if (_signal.IsWaiting)
                throw ReadInProgress();
            verdict = Decide(out result);
        }
        finally
        {
            _door.Leave();
        }

        return verdict == Verdict.Failed ? throw MakeError() : verdict == Verdict.Ready;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _door.Enter();
        try
        {
            ThrowIfCompleted();
            if (!_isDisposed)
                Advance(consumed, examined);
        }
        finally
        {
            _door.Leave();
        }
    }

    public override void CancelPendingRead()
    {
        bool isDue = false;
        _door.Enter();
        try
        {
            if (_signal.IsWaiting)
                isDue = _signal.TryComplete(TakeView(isCanceled: true, IsAtEnd));
            else
                _isCancelRequested = true;
        }
        finally
        {
            _door.Leave();
        }

        if (isDue)
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
        bool isDue = false;
        _door.Enter();
        try
        {
            if (_isCompleted)
                return;
            _isCompleted = true;
            _queue.CloseReader(isViewReleased);
            isDue = _signal.TryFail();
            if (!_isDisposed)
                _door.Call(PipeCall.CloseInput);
        }
        finally
        {
            _door.Leave();
        }

        if (isDue)
            _signal.Resume(inlineAllowed: false);
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
        _door.Enter();
        try
        {
            BeginRead(minimum);
            verdict = Decide(out result);
            if (verdict == Verdict.Wait)
                BeginWait(cancellationToken);
            else if (_signal.IsWaiting)
                _signal.Withdraw();
        }
        finally
        {
            _door.Leave();
        }

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
        if (_isDisposed)
            throw new ObjectDisposedException(nameof(UserTcpConnection));
        ForgetRead();
        if (_queue.IsViewOut && !_isViewTentative)
            throw ReadInProgress();
        if (_queue.IsViewOut)
            _queue.AdvanceTo(_queue.Consumed, _queue.Examined);
        _isViewTentative = false;
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

    private void BeginWait(CancellationToken cancellationToken)
    {
        if (_queue.IsHeldFull || _minimum > _queue.HeldLimit)
        {
            throw new InvalidOperationException(
                $"The reader holds {_queue.Unconsumed} bytes, asks for {_minimum} and may hold {_queue.HeldLimit}. " +
                $"Consume some, or raise {s_heldOption}.");
        }

        _signal.Arm(cancellationToken);
        long target = _queue.Consumed + _minimum;
        if (_minimum > 1 && target > _queue.Wanted)
        {
            _queue.Want(target);
            _door.Call(PipeCall.Receive);
        }
    }

    private void Advance(SequencePosition consumed, SequencePosition examined)
    {
        if (!_queue.IsViewOut || _signal.IsBusy)
            throw new InvalidOperationException("No reading operation to complete: call ReadAsync before AdvanceTo.");
        long consumedTo = _queue.Translate(consumed);
        long examinedTo = examined.GetObject() is null ? consumedTo : _queue.Translate(examined);
        if (examinedTo < consumedTo)
            throw new InvalidOperationException("The examined position lies before the consumed one.");

        bool isProgress = consumedTo > _queue.Consumed || examinedTo > _queue.Wanted;
        _queue.AdvanceTo(consumedTo, examinedTo);
        if (isProgress)
            _door.Call(PipeCall.Receive);
    }

    private static InvalidOperationException ReadInProgress() =>
        new("Reading is already in progress: one read at a time, then AdvanceTo.");

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
            throw new InvalidOperationException("Reading is not allowed after the reader was completed.");
    }
}
