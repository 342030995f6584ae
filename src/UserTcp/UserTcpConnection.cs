using System.IO.Pipelines;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Pipes;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// One TCP connection: two pipes over TCP's own buffers. One reader and one writer at a time, as pipelines have it;
/// every other member is thread-safe.
/// </summary>
public sealed partial class UserTcpConnection : IDuplexPipe, IAsyncDisposable, IStreamOwner
{
    private readonly RunningConnection _running;
    private EventHandler? _urgentDataAnnounced;
    private Task? _outputAcknowledged;
    private Task? _disposal;

    private UserTcpConnection(RunningConnection running)
    {
        _running = running;
    }

    /// <summary>A number that no other connection of the process has, for logs; from 1.</summary>
    public long Id => _running.Id;

    /// <summary>Our end.</summary>
    public IPEndPoint LocalEndPoint => _running.LocalEndPoint;

    /// <summary>The peer's end.</summary>
    public IPEndPoint RemoteEndPoint => _running.RemoteEndPoint;

    /// <summary>
    /// The state (RFC 9293 §3.3.2), as the platform's own list of connections names it; never
    /// <see cref="TcpState.Unknown"/> nor <see cref="TcpState.DeleteTcb"/>.
    /// </summary>
    public TcpState State => PlatformState(_running.State);

    /// <summary>
    /// Bytes from the peer. Completes at its FIN; after a reset, timeout or abort a read throws
    /// <see cref="UserTcpConnectionException"/>, once all bytes that came before were read. Advancing opens the window.
    /// </summary>
    public PipeReader Input => _running.Reader;

    /// <summary>
    /// Bytes to the peer. A flush waits while more than
    /// <see cref="UserTcpConnectionOptions.SendBufferSize"/> bytes are not acknowledged, and reports a dead connection
    /// as completed, without throwing. Completing sends FIN; completing with an exception sends RST.
    /// </summary>
    public PipeWriter Output => _running.Writer;

    /// <summary>
    /// Completes when every byte and the FIN are acknowledged; fails with
    /// <see cref="UserTcpConnectionException"/> if the connection ends before.
    /// </summary>
    public Task OutputAcknowledged
    {
        get
        {
            lock (_running)
                return _outputAcknowledged ??= Observed(WaitForOutputAsync());
        }
    }

    /// <summary>
    /// Completes, and never fails, when no more bytes can arrive. The result is
    /// <see cref="UserTcpCloseReason.Graceful"/> after the peer's FIN, otherwise the reason of the end.
    /// </summary>
    public Task<UserTcpCloseReason> InputClosed => _running.InputClosed;

    /// <summary>
    /// Completes, and never fails, when the connection is over in both directions, with the reason. TIME-WAIT does not
    /// delay it.
    /// </summary>
    public Task<UserTcpCloseReason> Closed => _running.Closed;

    /// <summary>The connection as a stream with the manners of <see cref="NetworkStream"/>.</summary>
    /// <param name="leaveOpen">Whether disposing of the stream leaves the connection as it is.</param>
    /// <returns>A stream; make one only, and use it instead of the pipes.</returns>
    public Stream AsStream(bool leaveOpen = false) =>
        new UserTcpStream(_running.Reader, _running.Writer, leaveOpen ? null : this);

    /// <summary>
    /// Ends this side's direction: FIN follows the bytes that were written, flushed or not. Reading goes on. The call
    /// does not wait; <see cref="OutputAcknowledged"/> completes when the peer has all of it. Idempotent.
    /// </summary>
    public void ShutdownOutput() => _running.Writer.CompleteForWriter();

    /// <summary>
    /// Closes the connection and waits for its end. FIN follows the bytes that were written, flushed or not; the end is
    /// there when the peer has acknowledged all of it and has closed its own direction too. Bytes that the peer still
    /// sends are discarded.
    /// </summary>
    /// <param name="cancellationToken">
    /// Ends the wait only: the connection goes on closing. <see cref="DisposeAsync"/> then limits the time that this
    /// may take, and <see cref="Abort"/> resets the connection.
    /// </param>
    /// <returns>Completed when the connection is over.</returns>
    /// <exception cref="UserTcpConnectionException">
    /// The connection failed before all bytes were acknowledged.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask CloseAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _running.Writer.CompleteForWriter();
        _running.Reader.CompleteForReader();
        await Closed.WaitAsync(_running.Stack.Deferred(cancellationToken)).ConfigureAwait(false);
        if (!await _running.OutputEnd.ConfigureAwait(false))
            throw CloseErrors.ToException(_running.CloseReason, "close", _running.Cause);
    }

    /// <summary>
    /// Sends RST and discards the bytes that are queued. Pending reads fail with
    /// <see cref="SocketError.ConnectionAborted"/>, pending flushes complete. Never blocks; does nothing if the
    /// connection is over.
    /// </summary>
    /// <param name="reason">
    /// The inner exception of the <see cref="UserTcpConnectionException"/> that reads, <see cref="CloseAsync"/> and
    /// <see cref="OutputAcknowledged"/> then give, also if <see cref="DisposeAsync"/> follows at once.
    /// </param>
    public void Abort(Exception? reason = null) => _running.Abort(reason);

    /// <summary>A snapshot of the connection's state and counters. Works after its end, too.</summary>
    /// <returns>A consistent snapshot.</returns>
    public UserTcpConnectionInfo GetInfo() => InfoOf(_running.Describe());

    /// <summary>Shows every segment of the peer, and what became of the sender by it, to an observer.</summary>
    /// <param name="observer">The observer.</param>
    /// <returns>Dispose of it to take the observer away.</returns>
    public IDisposable AddObserver(IUserTcpConnectionObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        return _running.AddObserver(observer);
    }

    /// <summary>
    /// Lets go of the connection, like close(2). In the background, FIN follows all bytes that were written, also those
    /// that were advanced over and not flushed: the peer never takes a cut stream for a whole one. If received bytes
    /// were left unread (RFC 9293 §3.6.1), the connection is reset instead. Waits only if
    /// <see cref="UserTcpConnectionOptions.LingerTimeout"/> says so. Idempotent.
    /// </summary>
    /// <returns>Completed at once, or when lingering is over.</returns>
    public ValueTask DisposeAsync() => BeginDispose(resets: false);

    ValueTask IStreamOwner.DisposeAsync(bool resets) => BeginDispose(resets);

    /// <summary>
    /// The platform's name of a state; both lists follow the RFC, and the platform's has one more in front.
    /// </summary>
    internal static TcpState PlatformState(Tcp.TcpState state) => (TcpState)((int)state + 1);

    /// <summary>The public object of a connection: always the same one.</summary>
    internal static UserTcpConnection Of(RunningConnection running)
    {
        lock (running)
        {
            if (running.Facade is UserTcpConnection known)
                return known;

            var made = new UserTcpConnection(running);
            running.Facade = made;
            return made;
        }
    }

    private ValueTask BeginDispose(bool resets)
    {
        lock (_running)
            return new ValueTask(_disposal ??= DisposeCoreAsync(resets));
    }

    private async Task DisposeCoreAsync(bool resets)
    {
        TimeSpan? linger = _running.Settings.LingerTimeout;
        if (resets || linger == TimeSpan.Zero)
            _running.Discard();
        else
            _running.Detach();
        if (resets || linger is not TimeSpan time || time == TimeSpan.Zero)
            return;

        try
        {
            await _running.OutputEnd.WaitAsync(time, _running.Stack.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _running.Abort(null);
        }
    }

    // Whoever asks for the task and then has no more use for it has not overlooked an error.
    private static Task Observed(Task task)
    {
        _ = task.ContinueWith(
            static ended => _ = ended.Exception, CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return task;
    }

    private async Task WaitForOutputAsync()
    {
        if (!await _running.OutputEnd.ConfigureAwait(false))
            throw CloseErrors.ToException(_running.CloseReason, "write data to", _running.Cause);
    }
}
