using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace UserTcp;

/// <summary>
/// One TCP connection: two pipes over TCP's own buffers. One reader and one writer at a time, as pipelines have it; every
/// other member is thread-safe.
/// </summary>
public sealed class UserTcpConnection : IDuplexPipe, IAsyncDisposable
{
    internal UserTcpConnection()
    {
    }

    /// <summary>A number that no other connection of the process has, for logs; from 1.</summary>
    public long Id => throw Detached();

    /// <summary>Our end.</summary>
    public IPEndPoint LocalEndPoint => throw Detached();

    /// <summary>The peer's end.</summary>
    public IPEndPoint RemoteEndPoint => throw Detached();

    /// <summary>The state (RFC 9293 §3.3.2).</summary>
    public UserTcpConnectionState State => throw Detached();

    /// <summary>
    /// Bytes from the peer. Completes at its FIN; after a reset, timeout or abort a read throws
    /// <see cref="UserTcpConnectionException"/>, once all bytes that came before were read. Advancing opens the window.
    /// </summary>
    public PipeReader Input => throw Detached();

    /// <summary>
    /// Bytes to the peer. A flush waits while more than <see cref="UserTcpConnectionOptions.SendBufferSize"/> bytes are not
    /// acknowledged, and reports a dead connection as completed, without throwing. Completing sends FIN; completing with
    /// an exception sends RST.
    /// </summary>
    public PipeWriter Output => throw Detached();

    /// <summary>
    /// Completes when every byte and the FIN are acknowledged; fails with <see cref="UserTcpConnectionException"/> if the
    /// connection ends before.
    /// </summary>
    public Task OutputAcknowledged => throw Detached();

    /// <summary>Completes, and never fails, when no more bytes can arrive: after FIN, reset, timeout or abort.</summary>
    public Task InputClosed => throw Detached();

    /// <summary>
    /// Completes, and never fails, when the connection is over in both directions, with the reason. TIME-WAIT does not
    /// delay it.
    /// </summary>
    public Task<UserTcpCloseReason> Closed => throw Detached();

    /// <summary>Whether small segments leave at once (Nagle's algorithm off).</summary>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public bool NoDelay
    {
        get => throw Detached();
        set => throw Detached();
    }

    /// <summary>Whether only full segments leave, until it is false again. What waits then leaves at once.</summary>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public bool Corked
    {
        get => throw Detached();
        set => throw Detached();
    }

    /// <summary>How long bytes may stay unacknowledged before the connection ends; null for no limit of its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not positive, or above 24 days.</exception>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public TimeSpan? UserTimeout
    {
        get => throw Detached();
        set => throw Detached();
    }

    /// <summary>Probing of the idle connection; null for none.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public UserTcpKeepAliveOptions? KeepAlive
    {
        get => throw Detached();
        set => throw Detached();
    }

    /// <summary>The differentiated services field of the packets that leave from now on; the ECN bits are ignored.</summary>
    /// <exception cref="ObjectDisposedException">Set after disposal.</exception>
    public byte TrafficClass
    {
        get => throw Detached();
        set => throw Detached();
    }

    /// <summary>
    /// How many bytes from the first unread one to the end of the urgent data, which the peer announced (RFC 9293 §3.8.5);
    /// 0 if none is pending. The bytes themselves come in line with the others.
    /// </summary>
    public long UrgentBytesPending => throw Detached();

    /// <summary>
    /// Raised when the peer announced urgent data where none was pending, or more of it. Handlers run on the application
    /// scheduler, never on the caller's thread; they must not throw.
    /// </summary>
    public event EventHandler? UrgentDataAnnounced
    {
        add => throw Detached();
        remove => throw Detached();
    }

    /// <summary>The connection as a stream with the manners of <see cref="NetworkStream"/>.</summary>
    /// <param name="leaveOpen">Whether disposing of the stream leaves the connection as it is.</param>
    /// <returns>A stream; make one only, and use it instead of the pipes.</returns>
    public Stream AsStream(bool leaveOpen = false) => throw Detached();

    /// <summary>Ends our direction: FIN after the bytes that were written. Reading goes on. Waits for nothing.</summary>
    /// <param name="cancellationToken">Looked at before anything happens.</param>
    /// <returns>Completed when the FIN is queued.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask ShutdownOutputAsync(CancellationToken cancellationToken = default) => throw Detached();

    /// <summary>
    /// Closes and waits: FIN after the bytes that were written, then until the peer acknowledged it and closed its
    /// direction too. What it still sends is thrown away.
    /// </summary>
    /// <param name="cancellationToken">Resets the connection.</param>
    /// <returns>Completed when the connection is over.</returns>
    /// <exception cref="UserTcpConnectionException">The connection failed before all bytes were acknowledged.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask CloseAsync(CancellationToken cancellationToken = default) => throw Detached();

    /// <summary>
    /// Sends RST and forgets what is queued; pending reads fail with <see cref="SocketError.ConnectionAborted"/>, pending
    /// flushes complete. Never blocks; does nothing if the connection is over.
    /// </summary>
    /// <param name="reason">Kept as the inner exception of what readers get.</param>
    public void Abort(Exception? reason = null) => throw Detached();

    /// <summary>What the connection knows of itself. Works after its end too.</summary>
    /// <returns>A consistent snapshot.</returns>
    public UserTcpConnectionInfo GetInfo() => throw Detached();

    /// <summary>
    /// Lets go of the connection, like close(2): FIN after the bytes that were written, in the background; RST if received
    /// bytes were left unread (RFC 9293 §3.6.1) or the application was still connecting. Waits only if
    /// <see cref="UserTcpConnectionOptions.LingerTimeout"/> says so. Idempotent.
    /// </summary>
    /// <returns>Completed at once, or when lingering is over.</returns>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static InvalidOperationException Detached() => new("The connection does not belong to a stack.");
}
