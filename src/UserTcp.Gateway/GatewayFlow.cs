using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace UserTcp.Gateway;

/// <summary>What all flows of a gateway share.</summary>
internal sealed record GatewayContext(
    UserTcpGatewayOptions Options, DestinationPolicy Policy, GatewayCounters Counters, ILogger Logger,
    CancellationToken Stopping);

/// <summary>One request of a peer, from its SYN to the end of both directions.</summary>
internal sealed class GatewayFlow(GatewayContext context, UserTcpConnectionRequest request)
{
    private IPEndPoint _destination = request.LocalEndPoint;

    /// <summary>Serves the request. Never throws.</summary>
    public async Task RunAsync()
    {
        try
        {
            await ServeAsync().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            // The last resort of one flow: it must not take the router with it. Nothing a peer does leads here.
            GatewayLog.Faulted(context.Logger, error, request.RemoteEndPoint, _destination);
        }
    }

    private async Task ServeAsync()
    {
        if (!context.Counters.TryEnter(context.Options.MaxConnections))
        {
            Reject(UserTcpRejectReason.Ignore, "there are too many connections");
            return;
        }

        try
        {
            if (!context.Policy.TryMap(request.LocalEndPoint, out _destination))
                Reject(UserTcpRejectReason.Reset, "not allowed");
            else if (await ConnectAsync().ConfigureAwait(false) is { } socket)
                await RelayAsync(socket).ConfigureAwait(false);
        }
        finally
        {
            context.Counters.Leave();
        }
    }

    /// <summary>Connects before the SYN is answered, so that the answer is the server's.</summary>
    /// <returns>The socket; null if the peer has its answer or wants none any more.</returns>
    private async Task<Socket?> ConnectAsync()
    {
        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(request.Cancelled, context.Stopping);
        attempt.CancelAfter(context.Options.ConnectTimeout);
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(_destination, attempt.Token).ConfigureAwait(false);
            return socket;
        }
        catch (OperationCanceledException) when (request.Cancelled.IsCancellationRequested)
        {
            GatewayLog.GivenUp(context.Logger, request.RemoteEndPoint, _destination);
        }
        catch (OperationCanceledException)
        {
            Reject(
                context.Stopping.IsCancellationRequested ? UserTcpRejectReason.Reset : UserTcpRejectReason.Ignore,
                context.Stopping.IsCancellationRequested ? "the gateway stops" : "no answer in time");
        }
        catch (SocketException error)
        {
            Reject(DestinationPolicy.AnswerTo(error.SocketErrorCode), error.Message);
        }

        socket.Dispose();
        return null;
    }

    private async Task RelayAsync(Socket socket)
    {
        UserTcpConnection connection;
        try
        {
            connection = await request.AcceptAsync(context.Options.ConnectionOptions, context.Stopping)
                .ConfigureAwait(false);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer left while we connected: the server hears RST, as it would have from the peer.
            GatewayLog.GivenUp(context.Logger, request.RemoteEndPoint, _destination);
            socket.Close(0);
            return;
        }

        context.Counters.CountAccepted();
        GatewayLog.Connected(context.Logger, request.RemoteEndPoint, _destination);
        UserTcpCloseReason reason = await new Relay(connection, socket, context.Counters)
            .RunAsync(context.Stopping).ConfigureAwait(false);
        GatewayLog.Ended(context.Logger, request.RemoteEndPoint, _destination, reason);
    }

    private void Reject(UserTcpRejectReason answer, string reason)
    {
        context.Counters.CountAnswer(answer);
        GatewayLog.Rejected(context.Logger, request.RemoteEndPoint, _destination, reason, answer);
        request.Reject(answer);
    }
}
