using System.Buffers;
using System.IO.Pipelines;
using UserTcp.Buffers;

namespace UserTcp.Pipes;

/// <summary>Events of the runtime, and the reader's reactions.</summary>
internal sealed partial class TcpPipeReader
{
    PipeScheduler IPipeSignalOwner<ReadResult>.Scheduler => _door.Scheduler;

    bool IPipeSignalOwner<ReadResult>.HasLateResults => false;

    ReadResult IPipeSignalOwner<ReadResult>.LateResult => default;

    /// <summary>Whether the peer's FIN came. Settled once the connection is over; look at it then.</summary>
    public bool HasEnded => IsAtEnd;

    private bool IsAtEnd => _isFinished || (_isOver && _door.End.Reason == UserTcpCloseReason.Graceful);

    /// <summary>Bytes or the peer's FIN arrived. Under the door; true: call <see cref="Resume"/> after it.</summary>
    /// <param name="updateFrom">As in <see cref="OnWindow"/>.</param>
    public bool OnReadable(long updateFrom)
    {
        using (HolderLock.Enter(_queue))
        {
            OnWindow(updateFrom);
            TakeArrived();
            return TryDecide();
        }
    }

    /// <summary>Takes what the application has consumed, and what it waits for. Under the door.</summary>
    public void OnConsumed()
    {
        using (HolderLock.Enter(_queue))
        {
            if (_queue.IsReaderGone)
                return;
            _queue.AdvanceTo(_consumed, _examined);
            if (_signal.IsWaiting && _minimum > 1)
                _queue.Want(_consumed + _minimum);
            TakeArrived();
        }
    }

    /// <summary>What a window update depends on has changed. Under the door.</summary>
    /// <param name="updateFrom">
    /// The position from which on the stack has to hear at once of what is examined. If it comes too late, the peer
    /// hears of the window some milliseconds later.
    /// </param>
    public void OnWindow(long updateFrom) => Volatile.Write(ref _updateFrom, updateFrom);

    /// <summary>The application has completed the reader, or let go of the connection. Under the door.</summary>
    public void OnInputClosed()
    {
        using (HolderLock.Enter(_queue))
        {
            _queue.CloseReader(isViewReleased: !_isViewOut);
            _head = _tail = null;
        }
    }

    /// <summary>
    /// The connection is over, and its record has the reason. Under the door; true: call <see cref="Resume"/> after it.
    /// </summary>
    public bool OnClosed()
    {
        using (HolderLock.Enter(_queue))
        {
            _isOver = true;
            _queue.Abandon();
            TakeArrived();
            return TryDecide();
        }
    }

    /// <summary>
    /// The application has let go of the connection, perhaps while it reads: the read fails, unless the reason of an
    /// abort is to come. True: call <see cref="Resume"/>.
    /// </summary>
    public bool OnLetGo()
    {
        lock (_queue)
            return _door.End.IsByDisposal && _signal.TryFail();
    }

    /// <summary>Completes the read that became ready. Outside the door.</summary>
    /// <param name="inlineAllowed">Whether its continuation may run on this thread: the loop's only.</param>
    public void Resume(bool inlineAllowed) => _signal.Resume(inlineAllowed);

    private void OnCancelled(CancellationToken token)
    {
        bool isDue;
        lock (_queue)
            isDue = _signal.TryCancel(token);
        if (isDue)
            _signal.Resume(inlineAllowed: false);
    }

    private void TakeArrived()
    {
        _isFinished = _queue.IsFinished;
        if (_queue.IsReaderGone)
            return;
        (_head, _tail) = _queue.Link() is var (head, tail) ? (head, tail) : default((Chunk?, Chunk?));
        _arrived = _queue.ContiguousEnd;
    }

    private bool TryDecide()
    {
        if (!_signal.IsWaiting)
            return false;
        if (_door.End.IsLetGo)
            return (_door.End.IsByDisposal || _isOver) && _signal.TryFail(); // or its reason is still to come
        return Decide(out ReadResult result) switch
        {
            Verdict.Ready => _signal.TryComplete(result),
            Verdict.Failed => _signal.TryFail(),
            _ => false,
        };
    }

    private Verdict Decide(out ReadResult result)
    {
        result = default;
        bool isNew = _arrived > _examined;
        if (_isCancelRequested)
        {
            _isCancelRequested = false;
            result = TakeView(isCanceled: true);
            return Verdict.Ready;
        }

        // What came before a reset is given first; a minimum that can no longer be met fails, and loses nothing.
        if (!IsAtEnd && !(isNew && _arrived - _consumed >= _minimum))
            return _isOver ? Verdict.Failed : Verdict.Wait;
        result = TakeView(isCanceled: false);
        return Verdict.Ready;
    }

    private ReadResult TakeView(bool isCanceled)
    {
        _isViewTentative = isCanceled;
        _isViewOut = true;
        _viewEnd = _arrived;
        return new ReadResult(Unconsumed(), isCanceled, IsAtEnd);
    }

    // The stack may still have to take what was consumed last.
    private ReadOnlySequence<byte> Unconsumed()
    {
        if (_head is null || _consumed == _arrived)
            return default;
        while (_head.End <= _consumed)
            _head = _head.Following!;
        return new ReadOnlySequence<byte>(
            _head, (int)(_consumed - _head.Start), _tail!, (int)(_arrived - _tail!.Start));
    }

    /// <summary>The exception of a read that failed.</summary>
    public Exception MakeError()
    {
        if (_isCompleted)
            return new InvalidOperationException("The reader was completed while it was reading.");
        return _door.End.IsByDisposal
            ? CloseErrors.Disposed("read data from")
            : CloseErrors.ToException(_door.End.Reason, "read data from", _door.End.Cause);
    }
}
