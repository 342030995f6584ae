using System.IO.Pipelines;

namespace UserTcp.Pipes;

/// <summary>Events of the runtime, and the reader's reactions.</summary>
internal sealed partial class TcpPipeReader
{
    /// <summary>Whether the peer's FIN came. Settled once the connection is over; look at it then.</summary>
    public bool HasEnded => IsAtEnd;

    private bool IsClosed => _closeReason != UserTcpCloseReason.None;

    private bool IsAtEnd => _queue.IsFinished || _closeReason == UserTcpCloseReason.Graceful;

    /// <summary>Bytes or the peer's FIN arrived. Under the door; true: call <see cref="Resume"/> after it.</summary>
    public bool OnReadable()
    {
        if (!_signal.IsWaiting)
            return false;
        return Decide(out ReadResult result) switch
        {
            Verdict.Ready => _signal.TryComplete(result),
            Verdict.Failed => _signal.TryFail(),
            _ => false,
        };
    }

    /// <summary>The connection is over. Under the door; true: call <see cref="Resume"/> after it.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="cause">
    /// What the application gave as its reason to abort: the innermost exception of what reads throw.
    /// </param>
    public bool OnClosed(UserTcpCloseReason reason, Exception? cause = null)
    {
        if (IsClosed)
            return false;
        _closeReason = reason;
        _cause = cause;
        _queue.Abandon();
        return OnReadable();
    }

    /// <summary>
    /// The application disposed of the connection, perhaps while it reads: the read fails, and memory that it may be
    /// looking at is never used again. Under the door; true: call <see cref="Resume"/> after it.
    /// </summary>
    public bool OnDisposed()
    {
        if (_isDisposed)
            return false;
        _isDisposed = true;
        _isEndedByDisposal = !IsClosed;
        _queue.CloseReader(isViewReleased: false);
        return _signal.TryFail();
    }

    /// <summary>Completes the read that became ready. Outside the door.</summary>
    /// <param name="inlineAllowed">Whether its continuation may run on this thread: the loop's only.</param>
    public void Resume(bool inlineAllowed) => _signal.Resume(inlineAllowed);

    private void OnCancelled(CancellationToken token)
    {
        _door.Enter();
        bool isDue;
        try
        {
            isDue = _signal.TryCancel(token);
        }
        finally
        {
            _door.Leave();
        }

        if (isDue)
            _signal.Resume(inlineAllowed: false);
    }

    private Verdict Decide(out ReadResult result)
    {
        result = default;
        bool isNew = _queue.ContiguousEnd > _queue.Examined;
        if (_isCancelRequested)
        {
            _isCancelRequested = false;
            result = TakeView(isCanceled: true, IsAtEnd);
            return Verdict.Ready;
        }

        // What came before a reset is given first; a minimum that can no longer be met fails, and loses nothing.
        if (!IsAtEnd && !(isNew && _queue.Unconsumed >= _minimum))
            return IsClosed ? Verdict.Failed : Verdict.Wait;
        result = TakeView(isCanceled: false, IsAtEnd);
        return Verdict.Ready;
    }

    private ReadResult TakeView(bool isCanceled, bool isCompleted)
    {
        _isViewTentative = isCanceled;
        return new ReadResult(_queue.Read(), isCanceled, isCompleted);
    }

    private Exception MakeError()
    {
        if (_isCompleted)
            return new InvalidOperationException("The reader was completed while it was reading.");
        return _isEndedByDisposal
            ? CloseErrors.Disposed("read data from")
            : CloseErrors.ToException(_closeReason, "read data from", _cause);
    }
}
