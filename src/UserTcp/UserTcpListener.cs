using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// Takes connections on a port. Made by <see cref="UserTcpStack.ListenAsync(int, CancellationToken)"/>. A
/// <see cref="UserTcpRequestListener"/> decides about each connection before the handshake. All members are
/// thread-safe.
/// </summary>
public sealed class UserTcpListener : IAsyncDisposable
{
    private readonly RunningListener _running;

    internal UserTcpListener(RunningListener running) => _running = running;

    /// <summary>Where it listens; the port is the chosen one if 0 was asked for.</summary>
    public IPEndPoint LocalEndPoint => _running.LocalEndPoint;

    /// <summary>
    /// Waits for an established connection. Any number of calls may wait, and are served in their order.
    /// </summary>
    /// <param name="cancellationToken">Ends the wait; no connection is lost.</param>
    /// <returns>The connection, which the caller has to dispose of.</returns>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.OperationAborted"/>: the listener or its stack was disposed of, before or during the
    /// call. <see cref="SocketError.NetworkDown"/>: the link of the stack is gone.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<UserTcpConnection> AcceptAsync(CancellationToken cancellationToken = default) =>
        UserTcpConnection.Of(await _running.AcceptAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>Takes a connection if one waits.</summary>
    /// <param name="connection">The connection, or null.</param>
    /// <returns>Whether one waited.</returns>
    /// <exception cref="SocketException">As <see cref="AcceptAsync"/>.</exception>
    public bool TryAccept([NotNullWhen(true)] out UserTcpConnection? connection)
    {
        RunningConnection? accepted = _running.TryAccept();
        connection = accepted is null ? null : UserTcpConnection.Of(accepted);
        return connection is not null;
    }

    /// <summary>All connections, one after the other; ends when the listener is disposed of.</summary>
    /// <param name="cancellationToken">Ends the sequence with an exception.</param>
    /// <returns>The connections, which the caller has to dispose of.</returns>
    public async IAsyncEnumerable<UserTcpConnection> AcceptAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await AcceptOrEndAsync(cancellationToken).ConfigureAwait(false) is UserTcpConnection connection)
        {
            yield return connection;
        }
    }

    /// <summary>The counters of the listener.</summary>
    /// <returns>A consistent snapshot.</returns>
    public UserTcpListenerStatistics GetStatistics() => UserTcpListenerStatistics.Of(_running.Describe());

    /// <summary>
    /// Frees the port. Handshakes in progress and connections not yet accepted are reset; accepted ones go on.
    /// Waiting accepts fail with <see cref="SocketError.OperationAborted"/>. Idempotent.
    /// </summary>
    /// <returns>Completed when the port is free.</returns>
    public ValueTask DisposeAsync()
    {
        _running.Close();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<UserTcpConnection?> AcceptOrEndAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await AcceptAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
        {
            return null;
        }
    }
}
