using System.IO.Pipelines;
using UserTcp.Buffers;
using UserTcp.Primitives;

namespace UserTcp.Pipes;

/// <summary>
/// The bytes to a peer as a <see cref="PipeWriter"/>: written straight into the memory from which they are sent, and
/// sent again. A flush waits only while too much is unacknowledged, and never throws for a dead peer: it says
/// <see cref="FlushResult.IsCompleted"/>. It outlives the connection behind it.
/// </summary>
/// <remarks>
/// The stack takes what was flushed (<see cref="OnFlushed"/>), and tells what was acknowledged
/// (<see cref="OnWritable"/>). Both sides meet under a lock of the writer's own, which nobody holds for longer than
/// that takes. So the application never waits for the door.
/// </remarks>
internal sealed class TcpPipeWriter : PipeWriter, IPipeSignalOwner<FlushResult>
{
    private static readonly Action<object?, CancellationToken> s_onCancelled =
        static (state, token) => ((TcpPipeWriter)state!).OnCancelled(token);

    private readonly SendQueue _queue;
    private readonly IDoor _door;
    private PipeSignal<FlushResult>? _signal; // most flushes never wait

    // The writer's own.
    private bool _isCompleted;

    // Changes under the lock, which is the queue's, as all below; a writer may look without it, to spare itself a copy.
    private volatile bool _isOver;
    private bool _isPaused;
    private bool _isCancelRequested;
    private long _urgentEnd;

    /// <param name="queue">The send queue, and its limit above which a flush waits.</param>
    /// <param name="door">The door of the stack.</param>
    public TcpPipeWriter(SendQueue queue, IDoor door)
    {
        _queue = queue;
        _door = door;
    }

    /// <summary>Why the connection ended. Read it only once a flush said that it is over.</summary>
    public UserTcpCloseReason CloseReason => _door.End.Reason;

    /// <summary>The exception that the application gave to abort; null if it gave none.</summary>
    public Exception? Cause => _door.End.Cause;

    /// <summary>Whether the connection, or its stack, was disposed of before the connection ended.</summary>
    public bool IsEndedByDisposal => _door.End.IsOutputByDisposal;

    PipeScheduler IPipeSignalOwner<FlushResult>.Scheduler => _door.Scheduler;

    bool IPipeSignalOwner<FlushResult>.HasLateResults => true;

    FlushResult IPipeSignalOwner<FlushResult>.LateResult => new(isCanceled: false, _isOver);

    /// <summary>Whether the writer was completed: FIN, or RST, is asked for.</summary>
    public bool IsWritingDone => _isCompleted;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _queue.Advanced - _queue.Flushed;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ThrowIfCompleted();
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        return _queue.GetMemory(sizeHint);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ThrowIfCompleted();
        _queue.Advance(bytes);
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);

        bool isNews;
        bool isReady;
        FlushResult result;
        lock (_queue)
        {
            ForgetFlush();
            isNews = _queue.Flush();
            isReady = TryTakeResult(out result);
            if (!isReady)
                (_signal ??= new PipeSignal<FlushResult>(this)).Arm(cancellationToken);
            else if (IsWaiting)
                _signal!.Withdraw();
        }

        // A flush that waits is decided anew when the post is served: what is acknowledged meanwhile is not missed.
        if (isNews || !isReady)
            _door.Post(PipeCalls.Send);
        return isReady
            ? new ValueTask<FlushResult>(result)
            : _signal!.Begin(cancellationToken, s_onCancelled, this);
    }

    /// <summary>Flushes, and says that all up to here is urgent (RFC 9293 §3.8.5).</summary>
    public void FlushUrgent()
    {
        lock (_queue)
        {
            _queue.Flush();
            _urgentEnd = _queue.Flushed;
        }

        _door.Post(PipeCalls.SendUrgent);
    }

    public override ValueTask<FlushResult> WriteAsync(
        ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        ThrowIfCompleted();
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        Append(source.Span);
        return FlushAsync(cancellationToken);
    }

    /// <summary>Copies bytes behind what was written; a flush sends them.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && !_isOver)
        {
            Span<byte> span = GetSpan();
            int length = Math.Min(span.Length, bytes.Length);
            bytes[..length].CopyTo(span);
            _queue.Advance(length);
            bytes = bytes[length..];
        }
    }

    public override void CancelPendingFlush()
    {
        lock (_queue)
        {
            if (!IsWaiting)
            {
                _isCancelRequested = true;
                return;
            }

            _signal!.TryComplete(new FlushResult(isCanceled: true, _isOver));
        }

        _signal.Resume(inlineAllowed: false);
    }

    /// <summary>
    /// No more is written: what was advanced over is sent, then FIN. With an exception: RST, and what is queued is
    /// dropped.
    /// </summary>
    public override void Complete(Exception? exception = null) =>
        Complete(exception is null ? PipeCalls.Close : PipeCalls.Abort, isWriterBusy: false);

    /// <summary>
    /// As <see cref="Complete(Exception?)"/>, asked for by somebody who does not know whether a writer is at work just
    /// now: the memory that it fills is never used again.
    /// </summary>
    public void CompleteForWriter() => Complete(PipeCalls.Close, isWriterBusy: true);

    private void Complete(PipeCalls call, bool isWriterBusy)
    {
        lock (_queue)
        {
            if (_isCompleted)
                return;
            _isCompleted = true;
            if (!isWriterBusy)
                _queue.Flush();
            if (_isOver)
                return;
        }

        _door.Post(call);
    }

    /// <summary>Takes what was flushed as urgent. Under the door.</summary>
    /// <returns>The position after it: later bytes, flushed by now, are not urgent.</returns>
    public long OnUrgent()
    {
        long end;
        using (HolderLock.Enter(_queue))
            end = _urgentEnd;
        _queue.Accept(end);
        return end;
    }

    /// <summary>Takes what was flushed. Under the door; true: there is something to send.</summary>
    public bool OnFlushed() => _queue.Accept(_queue.Flushed);

    /// <summary>
    /// Bytes were acknowledged, or a flush is to be decided anew. Under the door; true: call <see cref="Resume"/> after
    /// it.
    /// </summary>
    public bool OnWritable()
    {
        using (HolderLock.Enter(_queue))
            return TryDecide();
    }

    /// <summary>
    /// The application writes no more: all bytes that it advanced over are sent, flushed or not, for the FIN behind
    /// them must not make a cut stream look whole. Later bytes are discarded. Under the door, before the machine is
    /// told.
    /// </summary>
    public void OnOutputClosed()
    {
        // A writer flushes under the lock: either all of it is accepted here, or it sees that nobody writes any more.
        using (HolderLock.Enter(_queue))
            _queue.CloseWriter();
    }

    /// <summary>
    /// The connection is over, and its record has the reason: flushes complete, and what is written from now on is
    /// discarded. Under the door; true: call <see cref="Resume"/> after it.
    /// </summary>
    public bool OnClosed()
    {
        using (HolderLock.Enter(_queue))
        {
            _queue.Abandon();
            return End();
        }
    }

    /// <summary>
    /// The application has let go of the connection, or the stack has taken its output, perhaps while it writes:
    /// flushes complete, unless the reason of an abort is to come. True: call <see cref="Resume"/>.
    /// </summary>
    public bool OnLetGo()
    {
        if (!IsEndedByDisposal)
            return false;

        lock (_queue)
            return End();
    }

    /// <summary>No flush fails.</summary>
    Exception IPipeSignalOwner<FlushResult>.MakeError() => throw new InvalidOperationException("A flush failed.");

    /// <summary>Completes the flush that became ready. Outside the door.</summary>
    /// <param name="inlineAllowed">Whether its continuation may run on this thread: the loop's only.</param>
    public void Resume(bool inlineAllowed) => _signal?.Resume(inlineAllowed);

    private bool End()
    {
        _isOver = true;
        return TryDecide();
    }

    private bool TryDecide() =>
        IsWaiting && TryTakeResult(out FlushResult result) && _signal!.TryComplete(result);

    private bool IsWaiting => _signal is { IsWaiting: true };

    /// <summary>The flush before this one may never have been awaited; only its cancellation is still news.</summary>
    private void ForgetFlush()
    {
        if (_signal is null)
            return;
        if (!_signal.TryForget(out FlushResult forgotten, out bool wasCancelled))
        {
            throw new InvalidOperationException(
                "A flush is already in progress: await it before the next one, one writer at a time.");
        }

        _isCancelRequested |= forgotten.IsCanceled || wasCancelled;
    }

    private bool TryTakeResult(out FlushResult result)
    {
        long limit = _isPaused ? (_queue.Limit + 1L) / 2 : _queue.Limit;
        _isPaused = !_isOver && _queue.Flushed - _queue.Start >= limit;
        result = new FlushResult(_isCancelRequested, _isOver);
        _queue.IsWriterWaiting = _isPaused && !_isCancelRequested;
        if (_queue.IsWriterWaiting)
            return false;
        _isCancelRequested = false;
        return true;
    }

    private void OnCancelled(CancellationToken token)
    {
        bool isDue;
        lock (_queue)
            isDue = _signal!.TryCancel(token);
        if (isDue)
            _signal.Resume(inlineAllowed: false);
    }

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
            throw new InvalidOperationException("Writing is not allowed after the writer was completed.");
    }
}
