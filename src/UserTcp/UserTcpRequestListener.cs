using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// Takes requests for connections, for a gateway, a transparent proxy, or a server that gives each connection options
/// of its own. The SYN of a peer is not answered until the application has answered the request. Made by
/// <see cref="UserTcpStack.ListenForRequestsAsync"/>. All members are thread-safe.
/// </summary>
public sealed class UserTcpRequestListener : IAsyncDisposable
{
    private readonly RunningListener _running;

    internal UserTcpRequestListener(RunningListener running) => _running = running;

    /// <summary>
    /// The address and port; port 0 stands for every port, with <see cref="UserTcpRequestListenerOptions.AnyAddress"/>.
    /// </summary>
    public IPEndPoint LocalEndPoint => _running.LocalEndPoint;

    /// <summary>Waits for a request. Any number of calls may wait, and are served in their order.</summary>
    /// <param name="cancellationToken">Ends the wait; no request is lost.</param>
    /// <returns>The request, to be accepted or rejected.</returns>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.OperationAborted"/>: the listener or its stack was disposed of, before or during the
    /// call. <see cref="SocketError.NetworkDown"/>: the link of the stack is gone.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<UserTcpConnectionRequest> AcceptAsync(CancellationToken cancellationToken = default) =>
        new(await _running.AcceptRequestAsync(cancellationToken).ConfigureAwait(false));

    /// <summary>All requests, one after the other; ends when the listener is disposed of.</summary>
    /// <param name="cancellationToken">Ends the sequence with an exception.</param>
    /// <returns>The requests, each to be accepted or rejected.</returns>
    public async IAsyncEnumerable<UserTcpConnectionRequest> AcceptAllAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await AcceptOrEndAsync(cancellationToken).ConfigureAwait(false) is UserTcpConnectionRequest request)
        {
            yield return request;
        }
    }

    /// <summary>The counters of the listener.</summary>
    /// <returns>A consistent snapshot.</returns>
    public UserTcpListenerStatistics GetStatistics() => UserTcpListenerStatistics.Of(_running.Describe());

    /// <summary>
    /// Frees the port. Requests that are not answered and handshakes under way are reset; established connections live
    /// on. Waiting accepts fail with <see cref="SocketError.OperationAborted"/>. Idempotent.
    /// </summary>
    /// <returns>Completed when the port is free.</returns>
    public ValueTask DisposeAsync()
    {
        _running.Close();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<UserTcpConnectionRequest?> AcceptOrEndAsync(CancellationToken cancellationToken)
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
