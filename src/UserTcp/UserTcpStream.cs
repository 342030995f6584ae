using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using UserTcp.Pipes;

namespace UserTcp;

/// <summary>The connection under a stream, as the end of the stream needs it.</summary>
internal interface IStreamOwner
{
    /// <summary>Disposes of the connection.</summary>
    /// <param name="resets">Whether to send RST in place of FIN.</param>
    ValueTask DisposeAsync(bool resets);
}

/// <summary>
/// A connection as a stream with the manners of <see cref="NetworkStream"/>: errors are <see cref="IOException"/>s
/// around a
/// <see cref="SocketException"/>; the error that ended the connection is reported once, then reads give 0 and writes
/// say that no more can be sent; an empty read waits until there is something to read. Disposing of the stream after
/// a write that was cut off, or during one, resets the connection: a FIN would make the cut stream look whole. One
/// reader and one writer at a time. This file is the asynchronous side; the blocking one is in
/// <c>UserTcpStream.Blocking.cs</c>.
/// </summary>
internal sealed partial class UserTcpStream : Stream
{
    /// <summary>
    /// How much is written between two flushes: a large write waits for the peer, and is not copied at once.
    /// </summary>
    private const int SliceBytes = 64 << 10;

    private readonly TcpPipeReader _reader;
    private readonly TcpPipeWriter _writer;
    private readonly IStreamOwner? _owner;
    private int _isEndReported;
    private volatile bool _isWriteCut;
    private volatile bool _isDisposed;

    /// <param name="reader">Reads what the peer sends.</param>
    /// <param name="writer">Writes what the peer gets.</param>
    /// <param name="owner">Disposed of with the stream; null to leave the connection open.</param>
    public UserTcpStream(TcpPipeReader reader, TcpPipeWriter writer, IStreamOwner? owner)
    {
        _reader = reader;
        _writer = writer;
        _owner = owner;
    }

    public override bool CanRead => !_isDisposed;

    public override bool CanWrite => !_isDisposed;

    public override bool CanSeek => false;

    public override long Length => throw NoSeeking();

    public override long Position
    {
        get => throw NoSeeking();
        set => throw NoSeeking();
    }

    public override long Seek(long offset, SeekOrigin origin) => throw NoSeeking();

    public override void SetLength(long value) => throw NoSeeking();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ValueTask<ReadResult> read = _reader.ReadAsync(cancellationToken);
        return read.IsCompletedSuccessfully
            ? new ValueTask<int>(Take(read.Result, buffer.Span))
            : AwaitReadAsync(read, buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        BeginWrite();
        ValueTask<FlushResult> flush = WriteSliceAsync(ref buffer, cancellationToken);
        if (!buffer.IsEmpty || !flush.IsCompletedSuccessfully)
            return AwaitWriteAsync(flush, buffer, cancellationToken);
        ThrowIfOver(flush.Result);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        ValidateBufferArguments(buffer, offset, count);
        return WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }

    /// <summary>Does nothing: writes are sent at once.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? Task.FromCanceled(cancellationToken) : Task.CompletedTask;

    /// <remarks>Straight from the memory that received the bytes.</remarks>
    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
    {
        ValidateCopyToArguments(destination, bufferSize);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return _isEndReported != 0 ? Task.CompletedTask : _reader.CopyToAsync(destination, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        await DisposeOwner().ConfigureAwait(false);
    }

    private static NotSupportedException NoSeeking() => new("A connection has no length and no position.");

    private ValueTask DisposeOwner()
    {
        _isDisposed = true;
        Interlocked.MemoryBarrier();
        return _owner?.DisposeAsync(resets: _isWriteCut) ?? ValueTask.CompletedTask;
    }

    private int Take(in ReadResult result, Span<byte> destination)
    {
        if (result.IsCanceled)
        {
            _reader.AdvanceTo(result.Buffer.Start);
            throw new OperationCanceledException("The read was cancelled by the pipe's CancelPendingRead.");
        }

        ReadOnlySequence<byte> taken = result.Buffer;
        if (taken.Length > destination.Length)
            taken = taken.Slice(0, destination.Length);
        int length = (int)taken.Length;
        taken.CopyTo(destination);
        _reader.AdvanceTo(taken.End);       // from here on the memory is somebody else's
        return length;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> AwaitReadAsync(ValueTask<ReadResult> read, Memory<byte> buffer)
    {
        try
        {
            return Take(await read.ConfigureAwait(false), buffer.Span);
        }
        catch (Exception error) when (WasEndReported(error))
        {
            return 0;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AwaitWriteAsync(
        ValueTask<FlushResult> flush, ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        ThrowIfOver(await flush.ConfigureAwait(false));
        while (!rest.IsEmpty)
            ThrowIfOver(await WriteSliceAsync(ref rest, cancellationToken).ConfigureAwait(false));
    }

    private ValueTask<FlushResult> WriteSliceAsync(ref ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        int length = Math.Min(rest.Length, SliceBytes);
        AppendSlice(rest.Span[..length], isLast: length == rest.Length);
        rest = rest[length..];
        return _writer.FlushAsync(cancellationToken);
    }

    /// <summary>
    /// From here on a disposal resets, until the pipe has the last slice. Either the disposal sees that, or this thread
    /// sees the disposal: a full fence lies between the two acts on both sides.
    /// </summary>
    private void BeginWrite()
    {
        if (_writer.IsWritingDone)
            throw CloseErrors.Shutdown(_writer.CloseReason);
        _isWriteCut = true;
        Interlocked.MemoryBarrier();
        ObjectDisposedException.ThrowIf(_isDisposed, this);
    }

    private void AppendSlice(ReadOnlySpan<byte> slice, bool isLast)
    {
        if (_writer.IsWritingDone)
            throw CloseErrors.Shutdown(_writer.CloseReason);
        _writer.Append(slice);
        _isWriteCut = !isLast;
    }

    private void ThrowIfOver(FlushResult result)
    {
        if (result.IsCanceled)
            throw new OperationCanceledException("The write was cancelled by the pipe's CancelPendingFlush.");
        if (!result.IsCompleted)
            return;
        UserTcpCloseReason reason = _writer.CloseReason;
        if (_writer.IsEndedByDisposal || reason == UserTcpCloseReason.None)
            throw CloseErrors.Disposed("write data to");
        // After the peer's FIN a reset is no news but its answer to a write: sockets say the same (EPIPE).
        throw reason == UserTcpCloseReason.Graceful || _reader.HasEnded
            || Interlocked.Exchange(ref _isEndReported, 1) != 0
            ? CloseErrors.Shutdown(reason)
            : CloseErrors.ToException(reason, "write data to", _writer.Cause);
    }

    /// <summary>
    /// Whether the error is the connection's end, and not the first report of it. Misuse, cancellation and timeouts of
    /// a call are no end.
    /// </summary>
    private bool WasEndReported(Exception error) =>
        error is not (OperationCanceledException or InvalidOperationException)
        && error is not UserTcpConnectionException { CloseReason: UserTcpCloseReason.None }
        && Interlocked.Exchange(ref _isEndReported, 1) != 0;
}
