using System.IO.Pipelines;
using UserTcp.Buffers;
using UserTcp.Pipes;
using UserTcp.Primitives;

namespace UserTcp.Tests.Pipes;

/// <summary>
/// A door with a perfect network behind it: whatever is sent arrives within the window and is acknowledged when
/// somebody leaves. The two pipe halves are the two ends of one direction.
/// </summary>
internal sealed class LoopbackDoor : IDoor
{
    private readonly Lock _lock = new();
    private PipeCalls _lazy;
    private ConnectionEnd _end;
    private bool _isFinDue;
    private bool _isReaderDue;
    private bool _isWriterDue;

    public LoopbackDoor(
        PipeScheduler? scheduler = null,
        int receiveBufferBytes = 1 << 16,
        int sendBufferBytes = 1 << 15)
    {
        Scheduler = scheduler ?? PipeScheduler.ThreadPool;
        SendQueue = new SendQueue(Pool) { Limit = sendBufferBytes };
        ReceiveQueue = new ReceiveQueue(Pool, receiveBufferBytes);
        Reader = new TcpPipeReader(ReceiveQueue, this);
        Writer = new TcpPipeWriter(SendQueue, this);
    }

    public PipeScheduler Scheduler { get; }

    public ChunkPool Pool { get; } = new(64 << 20);

    public SendQueue SendQueue { get; }

    public ReceiveQueue ReceiveQueue { get; }

    public TcpPipeReader Reader { get; }

    public TcpPipeWriter Writer { get; }

    /// <summary>Nothing is carried: as if the peer were silent.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Whether <see cref="Turn"/> says that continuations may run inline, as the loop's does.</summary>
    public bool IsLoop { get; set; }

    public ref ConnectionEnd End => ref _end;

    public List<PipeCalls> Calls { get; } = new(1024);

    /// <summary>The position from which on the reader posts what it has examined.</summary>
    public long UpdateFrom { get; set; }

    /// <summary>What was posted and is not served before the next call.</summary>
    public PipeCalls Lazy => _lazy;

    public void PostLazily(PipeCalls calls)
    {
        lock (_lock)
            _lazy |= calls;
    }

    public void Post(PipeCalls calls)
    {
        Assert.False(_lock.IsHeldByCurrentThread, "The door was entered twice.");
        (bool Reader, bool Writer) due;
        lock (_lock)
        {
            Serve(calls | _lazy);
            due = Leave();
        }

        Resume(due);
    }

    /// <summary>Something happens under the door, as in a turn of the loop.</summary>
    public void Turn(Action inside)
    {
        Assert.False(_lock.IsHeldByCurrentThread, "The door was entered twice.");
        (bool Reader, bool Writer) due;
        lock (_lock)
        {
            Serve(_lazy);
            inside();
            due = Leave();
        }

        Resume(due);
    }

    /// <summary>As after an acknowledgement; inside.</summary>
    public void WriterMayContinue() => _isWriterDue |= Writer.OnWritable();

    /// <summary>The connection ends under both halves.</summary>
    public void Close(UserTcpCloseReason reason, Exception? cause = null)
    {
        _end.OfferCause(cause);
        if (!_end.TryEnd(reason))
            return;
        _isReaderDue |= Reader.OnClosed();
        _isWriterDue |= Writer.OnClosed();
    }

    /// <summary>The application lets go of the connection.</summary>
    public void Dispose()
    {
        _end.OnLetGo();
        _isReaderDue |= Reader.OnLetGo();
        _isWriterDue |= Writer.OnLetGo();
        Writer.OnOutputClosed();
        Reader.OnInputClosed();
    }

    private (bool Reader, bool Writer) Leave()
    {
        if (!IsSilent)
            Carry();
        (bool, bool) due = (_isReaderDue, _isWriterDue);
        _isReaderDue = _isWriterDue = false;
        return due;
    }

    private void Resume((bool Reader, bool Writer) due)
    {
        if (due.Reader)
            Reader.Resume(IsLoop);
        if (due.Writer)
            Writer.Resume(IsLoop);
    }

    private void Serve(PipeCalls calls)
    {
        _lazy = PipeCalls.None;
        if (calls != PipeCalls.None && Calls.Count < Calls.Capacity)
            Calls.Add(calls);
        if ((calls & PipeCalls.Receive) != 0)
        {
            Reader.OnConsumed();
            Reader.OnWindow(UpdateFrom);
        }

        if ((calls & PipeCalls.Send) != 0)
        {
            Writer.OnFlushed();
            _isWriterDue |= Writer.OnWritable();
        }

        if ((calls & PipeCalls.CloseInput) != 0)
        {
            Reader.OnInputClosed();
            _end.TryEnd(UserTcpCloseReason.ResetByPeer);
            _isWriterDue |= Writer.OnClosed();
        }

        if ((calls & PipeCalls.Close) != 0)
        {
            Writer.OnOutputClosed();
            _isFinDue = true;
        }

        if ((calls & PipeCalls.Abort) != 0)
            Close(UserTcpCloseReason.ResetByPeer);
    }

    private unsafe void Carry()
    {
        long end = ReceiveQueue.ContiguousEnd;
        while (SendQueue.Start < SendQueue.End)
        {
            int window = (int)(ReceiveQueue.Capacity - ReceiveQueue.Unexamined);
            int length = SendQueue.Gather(SendQueue.Start, window, out BufferPiece first, out _);
            if (length == 0 || !ReceiveQueue.TryWrite(SendQueue.Start, first.Span, out _))
                break;
            SendQueue.FreeBelow(SendQueue.Start + first.Length);
        }

        bool isFinished = _isFinDue && SendQueue.Start == SendQueue.End && !ReceiveQueue.IsFinished;
        if (isFinished)
            ReceiveQueue.Finish();
        if (isFinished || ReceiveQueue.ContiguousEnd > end)
            _isReaderDue |= Reader.OnReadable(UpdateFrom);
        _isWriterDue |= Writer.OnWritable();
    }
}
