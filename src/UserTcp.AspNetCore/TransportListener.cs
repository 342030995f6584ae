using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace UserTcp.AspNetCore;

/// <summary>A listener in Kestrel's shape.</summary>
internal sealed class TransportListener(
    UserTcpListener listener, EndPoint endPoint, ConnectionSurroundings surroundings) : IConnectionListener
{
    public EndPoint EndPoint => endPoint;

    /// <summary>The next connection; null, which ends Kestrel's loop, once the listener or its stack is gone.</summary>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            return new TransportConnection(
                await listener.AcceptAsync(cancellationToken).ConfigureAwait(false), surroundings);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.OperationAborted)
        {
            return null;
        }
    }

    /// <summary>Frees the port; connections that were accepted live on.</summary>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.DisposeAsync();

    public ValueTask DisposeAsync() => listener.DisposeAsync();
}
