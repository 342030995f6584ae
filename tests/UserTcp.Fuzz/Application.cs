using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Fuzz.Wire;
using UserTcp.Primitives;

namespace UserTcp.Fuzz;

/// <summary>The program behind a connection: it writes what belongs there, and knows what must come in.</summary>
internal sealed class Application(UserTcpConnection connection, Connections.Entry entry)
{
    private static readonly int[] s_sizes = [1, 10, 536, 1460, 4_000, 10_000, 40_000, 100_000];

    private ValueTask<FlushResult> _flush;
    private ValueTask<ReadResult> _read;
    private bool _isFlushing;
    private bool _isReading;
    private bool _isWriterDone;
    private bool _isReaderDone;
    private bool _isClosing;
    private long _written;
    private long _consumed;

    public UserTcpConnection Connection => connection;

    public Connections.Entry Entry => entry;

    public bool IsDisposed { get; private set; }

    public void Write(byte how)
    {
        FollowFlush();
        if (_isWriterDone)
            return;
        if (_isFlushing)
        {
            connection.Output.CancelPendingFlush();
            return;
        }

        int size = s_sizes[how & 7];
        Memory<byte> memory = connection.Output.GetMemory(size);
        Octets.FillOurs(entry.FirstSent + (uint)_written, memory.Span[..size]);
        connection.Output.Advance(size);
        _written += size;
        _flush = connection.Output.FlushAsync();
        _isFlushing = true;
        FollowFlush();
    }

    public void Urge()
    {
        if (!_isWriterDone)
            connection.FlushUrgent();
    }

    public void Read(byte how)
    {
        if (_isReaderDone)
            return;

        FollowRead(how);
        if (_isReading)
        {
            if ((how & 8) != 0)
                connection.Input.CancelPendingRead();
        }
        else if ((how & 16) != 0)
        {
            _read = connection.Input.ReadAsync();
            _isReading = true;
            FollowRead(how);
        }
        else
        {
            TryRead(how);
        }
    }

    public void ShutDown()
    {
        FollowFlush();
        _isWriterDone = true;
        connection.ShutdownOutput();
    }

    public Task Close()
    {
        FollowRead(0);
        if (_isClosing) // of two that wait for one task, the second would go on in the thread pool
            return Task.CompletedTask;
        if (_isReading) // a reader is not to be completed while it reads
        {
            connection.Input.CancelPendingRead();
            return Task.CompletedTask;
        }

        _isClosing = true;
        _isWriterDone = true;
        _isReaderDone = true;
        return connection.CloseAsync().AsTask();
    }

    public Task Dispose()
    {
        FollowRead(0);
        IsDisposed = true;
        _isWriterDone = true;
        _isReaderDone = true;
        return connection.DisposeAsync().AsTask();
    }

    /// <summary>Nothing that was waited for is still under way: the connection is over.</summary>
    public void CheckEnd()
    {
        FollowFlush();
        if (_isFlushing)
            throw new FuzzViolationException($"A flush never ended: {Describe()}");
        if (_isReading && !_read.IsCompleted)
            throw new FuzzViolationException($"A read never ended: {Describe()}");
    }

    private string Describe() =>
        $"{entry.Core.Flow} {entry.Core.Tcb.State} {entry.Core.Tcb.CloseReason} {(IsDisposed ? "disposed" : "open")}";

    public static bool IsExpected(Exception e) =>
        e is UserTcpConnectionException or SocketException or OperationCanceledException or ObjectDisposedException;

    private void FollowFlush()
    {
        if (!_isFlushing || !_flush.IsCompleted)
            return;

        _isFlushing = false;
        try
        {
            _flush.GetAwaiter().GetResult();
        }
        catch (Exception e) when (IsExpected(e))
        {
            _isWriterDone = true; // the peer is gone, and a writer hears of it once
        }
    }

    private void FollowRead(byte how)
    {
        if (!_isReading || !_read.IsCompleted)
            return;

        _isReading = false;
        try
        {
            Take(_read.GetAwaiter().GetResult(), how);
        }
        catch (Exception e) when (IsExpected(e))
        {
            _isReaderDone |= IsDisposed;
        }
    }

    private void TryRead(byte how)
    {
        try
        {
            if (connection.Input.TryRead(out ReadResult result))
                Take(result, how);
        }
        catch (Exception e) when (IsExpected(e))
        {
            _isReaderDone |= IsDisposed;
        }
    }

    private void Take(in ReadResult result, byte how)
    {
        ReadOnlySequence<byte> buffer = result.Buffer;
        SeqNumber seq = entry.FirstReceived + (uint)_consumed;
        foreach (ReadOnlyMemory<byte> memory in buffer)
        {
            bool isRight = entry.IsLooped ? Octets.AreOurs(seq, memory.Span) : Octets.ArePeers(seq, memory.Span);
            if (!isRight)
                throw new FuzzViolationException($"A reader got other bytes than were sent, at {seq}.");
            seq += memory.Length;
        }

        long used = (how & 3) switch
        {
            0 or 1 => buffer.Length,
            2 => buffer.Length / 2,
            _ => 0,
        };
        _consumed += used;
        connection.Input.AdvanceTo(buffer.GetPosition(used), (how & 4) != 0 ? buffer.GetPosition(used) : buffer.End);
    }
}
