using System.Net;
using System.Net.Sockets;
using UserTcp.Runtime;
using UserTcp.Stack;

namespace UserTcp;

/// <summary>
/// A peer's SYN that is not answered yet: the application accepts or rejects the connection. Repeated SYNs of the peer
/// are the same request. A request without an answer is forgotten three minutes after its last SYN. All members are
/// thread-safe; the first answer counts.
/// </summary>
public sealed class UserTcpConnectionRequest
{
    private readonly RunningRequest _running;

    internal UserTcpConnectionRequest(RunningRequest running) => _running = running;

    /// <summary>The address and port that the peer dialled, which need not be the stack's.</summary>
    public IPEndPoint LocalEndPoint => _running.LocalEndPoint;

    /// <summary>The peer.</summary>
    public IPEndPoint RemoteEndPoint => _running.RemoteEndPoint;

    /// <summary>
    /// Cancelled when the request became void: the peer sent RST or gave up, or the listener was disposed of.
    /// </summary>
    public CancellationToken Cancelled => _running.Cancelled;

    /// <summary>Answers with SYN-ACK and waits for the handshake to end.</summary>
    /// <param name="options">The options of the connection; null for the listener's.</param>
    /// <param name="cancellationToken">Ends the wait and resets the connection.</param>
    /// <returns>The established connection, which the caller has to dispose of.</returns>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.ConnectionReset"/>: the peer gave up; <see cref="SocketError.TimedOut"/>: it did not
    /// answer; <see cref="SocketError.OperationAborted"/>: the listener or stack was disposed of.
    /// </exception>
    /// <exception cref="InvalidOperationException">The request was answered before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask<UserTcpConnection> AcceptAsync(
        UserTcpConnectionOptions? options = null, CancellationToken cancellationToken = default) =>
        UserTcpConnection.Of(
            await _running.AcceptAsync(options?.ToSettings(), cancellationToken).ConfigureAwait(false));

    /// <summary>Answers that there will be no connection. Does nothing if the request is void already.</summary>
    /// <param name="reason">The answer that the peer gets.</param>
    /// <exception cref="InvalidOperationException">The request was answered before.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The reason is not a member of the enumeration.</exception>
    public void Reject(UserTcpRejectReason reason = UserTcpRejectReason.Reset) => _running.Reject(reason switch
    {
        UserTcpRejectReason.Reset => RejectReason.Refused,
        UserTcpRejectReason.HostUnreachable => RejectReason.HostUnreachable,
        UserTcpRejectReason.NetworkUnreachable => RejectReason.NetworkUnreachable,
        UserTcpRejectReason.PortUnreachable => RejectReason.PortUnreachable,
        UserTcpRejectReason.Prohibited => RejectReason.Prohibited,
        UserTcpRejectReason.Ignore => RejectReason.Ignore,
        _ => throw new ArgumentOutOfRangeException(
            nameof(reason), reason, "reason must be a member of UserTcpRejectReason."),
    });
}
