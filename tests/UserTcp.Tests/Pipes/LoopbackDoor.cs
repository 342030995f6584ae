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
    private bool _isFinDue;
    private bool _isReaderDue;
    private bool _isWriterDue;

    public LoopbackDoor(
        PipeScheduler? scheduler = null,
        int receiveBufferBytes = 1 << 16,
        int sendBufferBytes = 1 << 15)
    {
        scheduler ??= PipeScheduler.ThreadPool;
        SendQueue = new SendQueue(Pool) { Limit = sendBufferBytes };
        ReceiveQueue = new ReceiveQueue(Pool, receiveBufferBytes);
        Reader = new TcpPipeReader(ReceiveQueue, this, scheduler);
        Writer = new TcpPipeWriter(SendQueue, this, scheduler);
    }

    public ChunkPool Pool { get; } = new(64 << 20);

    public SendQueue SendQueue { get; }

    public ReceiveQueue ReceiveQueue { get; }

    public TcpPipeReader Reader { get; }

    public TcpPipeWriter Writer { get; }

    /// <summary>Nothing is carried: as if the peer were silent.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Whether <see cref="Leave"/> says that continuations may run inline, as the loop's does.</summary>
    public bool IsLoop { get; set; }

    public List<PipeCall> Calls { get; } = new(1024);

    public void Enter()
    {
        Assert.False(_lock.IsHeldByCurrentThread, "The door was entered twice.");
        _lock.Enter();
    }

    public void Call(PipeCall call)
    {
        Assert.True(_lock.IsHeldByCurrentThread, "A call outside the door.");
        if (Calls.Count < Calls.Capacity)
            Calls.Add(call);
        _isFinDue |= call == PipeCall.Close;
        if (call == PipeCall.Abort)
            Close(UserTcpCloseReason.ResetByPeer);
        else if (call == PipeCall.CloseInput)
            _isWriterDue |= Writer.OnClosed(UserTcpCloseReason.ResetByPeer);
    }

    public void Leave()
    {
        if (!IsSilent)
            Carry();
        (bool isReaderDue, bool isWriterDue) = (_isReaderDue, _isWriterDue);
        _isReaderDue = _isWriterDue = false;
        _lock.Exit();
        if (isReaderDue)
            Reader.Resume(IsLoop);
        if (isWriterDue)
            Writer.Resume(IsLoop);
    }

    /// <summary>Something happens under the door, as in a turn of the loop.</summary>
    public void Turn(Action inside)
    {
        Enter();
        try
        {
            inside();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>As after an acknowledgement; inside.</summary>
    public void WriterMayContinue() => _isWriterDue |= Writer.OnWritable();

    /// <summary>The connection ends under both halves.</summary>
    public void Close(UserTcpCloseReason reason, Exception? cause = null)
    {
        _isReaderDue |= Reader.OnClosed(reason, cause);
        _isWriterDue |= Writer.OnClosed(reason, cause);
    }

    /// <summary>The application lets go of the connection.</summary>
    public void Dispose()
    {
        _isReaderDue |= Reader.OnDisposed();
        _isWriterDue |= Writer.OnDisposed();
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
            _isReaderDue |= Reader.OnReadable();
        _isWriterDue |= Writer.OnWritable();
    }
}
