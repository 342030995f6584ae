using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace UserTcp;

/// <summary>
/// Takes connections on a port. Made by <see cref="UserTcpStack.ListenAsync(int, CancellationToken)"/>. All members are
/// thread-safe.
/// </summary>
public sealed class UserTcpListener : IAsyncDisposable
{
    internal UserTcpListener()
    {
    }

    /// <summary>Where it listens; the port is the chosen one if 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint => throw new InvalidOperationException("The listener is not connected to a stack.");

    /// <summary>Waits for an established connection. Any number of calls may wait, and are served in their order.</summary>
    /// <param name="cancellationToken">Ends the wait; no connection is lost.</param>
    /// <returns>The connection, which the caller has to dispose of.</returns>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.OperationAborted"/>: the listener or its stack was disposed of during the wait.
    /// </exception>
    /// <exception cref="ObjectDisposedException">It was disposed of before.</exception>
    /// <exception cref="InvalidOperationException">
    /// The listener takes any address and hands out requests: use <see cref="AcceptRequestAsync"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<UserTcpConnection> AcceptAsync(CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("The listener is not connected to a stack.");

    /// <summary>Takes a connection if one waits.</summary>
    /// <param name="connection">The connection, or null.</param>
    /// <returns>Whether one waited.</returns>
    /// <exception cref="ObjectDisposedException">The listener was disposed of.</exception>
    /// <exception cref="InvalidOperationException">The listener hands out requests.</exception>
    public bool TryAccept([NotNullWhen(true)] out UserTcpConnection? connection) =>
        throw new InvalidOperationException("The listener is not connected to a stack.");

    /// <summary>All connections, one after the other; ends when the listener is disposed of.</summary>
    /// <param name="cancellationToken">Ends the sequence with an exception.</param>
    /// <returns>The connections, which the caller has to dispose of.</returns>
    public async IAsyncEnumerable<UserTcpConnection> AcceptAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask.ConfigureAwait(false);
        yield break;
    }

    /// <summary>
    /// Waits for a connection request of a listener with <see cref="UserTcpListenerOptions.AnyAddress"/>. The peer's SYN
    /// is not answered until the request is.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; no request is lost.</param>
    /// <returns>The request, to be accepted or rejected.</returns>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.OperationAborted"/>: the listener or its stack was disposed of during the wait.
    /// </exception>
    /// <exception cref="ObjectDisposedException">It was disposed of before.</exception>
    /// <exception cref="InvalidOperationException">The listener hands out connections: use <see cref="AcceptAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<UserTcpConnectionRequest> AcceptRequestAsync(CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("The listener is not connected to a stack.");

    /// <summary>The counters of the listener.</summary>
    /// <returns>A consistent snapshot.</returns>
    public UserTcpListenerStatistics GetStatistics() =>
        throw new InvalidOperationException("The listener is not connected to a stack.");

    /// <summary>
    /// Frees the port. Handshakes under way and connections that nobody accepted are reset; accepted ones live on.
    /// Waiting accepts fail with <see cref="SocketError.OperationAborted"/>. Idempotent.
    /// </summary>
    /// <returns>Completed when the port is free.</returns>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
