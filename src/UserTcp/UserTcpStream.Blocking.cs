using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Pipes;

namespace UserTcp;

/// <summary>
/// The blocking side: for callers that have no choice. It needs a thread of its own to wait on, and another to be woken
/// from: never block the one thread of a scheduler that runs both.
/// </summary>
internal sealed partial class UserTcpStream
{
    private int _readTimeout = Timeout.Infinite;
    private int _writeTimeout = Timeout.Infinite;

    public override bool CanTimeout => true;

    /// <summary>
    /// How long a blocking read waits, in milliseconds; it then throws <see cref="SocketError.TimedOut"/> and the
    /// connection lives on. Positive, or <see cref="Timeout.Infinite"/>, the default.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is 0, or negative and not infinite.</exception>
    /// <exception cref="ObjectDisposedException">The stream is disposed of: getting and setting throw.</exception>
    public override int ReadTimeout
    {
        get => IfOpen(_readTimeout);
        set => _readTimeout = IfOpen(Validated(value));
    }

    /// <summary>As <see cref="ReadTimeout"/>, for blocking writes. Written bytes are sent nevertheless.</summary>
    public override int WriteTimeout
    {
        get => IfOpen(_writeTimeout);
        set => _writeTimeout = IfOpen(Validated(value));
    }

    public override int Read(Span<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        try
        {
            return Take(_reader.TryRead(out ReadResult result) ? result : WaitForRead(), buffer);
        }
        catch (Exception error) when (WasEndReported(error))
        {
            return 0;
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        return Read(buffer.AsSpan(offset, count));
    }

    public override int ReadByte()
    {
        byte value = 0;
        return Read(new Span<byte>(ref value)) == 0 ? -1 : value;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        BeginWrite();
        do
        {
            int length = Math.Min(buffer.Length, SliceBytes);
            AppendSlice(buffer[..length], isLast: length == buffer.Length);
            buffer = buffer[length..];
            ThrowIfOver(WaitForFlush());
        }
        while (!buffer.IsEmpty);
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ValidateBufferArguments(buffer, offset, count);
        Write(buffer.AsSpan(offset, count));
    }

    public override void WriteByte(byte value) => Write(new ReadOnlySpan<byte>(ref value));

    public override void Flush()
    {
    }

    public override IAsyncResult BeginRead(
        byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(ReadAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override int EndRead(IAsyncResult asyncResult) => TaskToAsyncResult.End<int>(asyncResult);

    public override IAsyncResult BeginWrite(
        byte[] buffer, int offset, int count, AsyncCallback? callback, object? state) =>
        TaskToAsyncResult.Begin(WriteAsync(buffer, offset, count, CancellationToken.None), callback, state);

    public override void EndWrite(IAsyncResult asyncResult) => TaskToAsyncResult.End(asyncResult);

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_isDisposed)
        {
            ValueTask disposal = DisposeOwner();
            if (!disposal.IsCompletedSuccessfully)
                disposal.AsTask().GetAwaiter().GetResult();
        }

        base.Dispose(disposing);
    }

    private static int Validated(int milliseconds)
    {
        if (milliseconds is <= 0 and not Timeout.Infinite)
        {
            throw new ArgumentOutOfRangeException(
                nameof(milliseconds), milliseconds, "A timeout is positive, or Timeout.Infinite.");
        }

        return milliseconds;
    }

    private int IfOpen(int milliseconds)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return milliseconds;
    }

    private static CancellationTokenSource? StartTimer(int milliseconds) =>
        milliseconds == Timeout.Infinite ? null : new CancellationTokenSource(milliseconds);

    private static T Wait<T>(ValueTask<T> task) =>
        task.IsCompletedSuccessfully ? task.Result : task.AsTask().GetAwaiter().GetResult();

    private ReadResult WaitForRead()
    {
        using CancellationTokenSource? timer = StartTimer(_readTimeout);
        try
        {
            return Wait(_reader.ReadAsync(timer?.Token ?? CancellationToken.None));
        }
        catch (OperationCanceledException) when (timer is not null)
        {
            throw CloseErrors.TimedOut("read data from");
        }
    }

    private FlushResult WaitForFlush()
    {
        using CancellationTokenSource? timer = StartTimer(_writeTimeout);
        try
        {
            return Wait(_writer.FlushAsync(timer?.Token ?? CancellationToken.None));
        }
        catch (OperationCanceledException) when (timer is not null)
        {
            throw CloseErrors.TimedOut("write data to");
        }
    }
}
