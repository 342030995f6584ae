using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace UserTcp.Gateway;

/// <summary>Objects that all flows of a gateway share.</summary>
internal sealed record GatewayContext(
    UserTcpGatewayOptions Options, DestinationPolicy Policy, ILogger Logger, CancellationToken Stopping)
{
    public GatewayCounters Counters { get; } = new();

    public GatewayRoom Room { get; } =
        new(Options.MaxConnections, Options.MaxAttemptsPerDestination, Options.Time);

    /// <summary>The message about each limit comes once in a while.</summary>
    public OccasionalLog ShortageLog { get; } = new(Options.Time);

    public OccasionalLog ConnectionsLog { get; } = new(Options.Time);

    public OccasionalLog AttemptsLog { get; } = new(Options.Time);
}

/// <summary>One request of a peer, from its SYN to the end of both directions.</summary>
internal sealed class GatewayFlow(GatewayContext context, UserTcpConnectionRequest request)
{
    private IPEndPoint _destination = request.LocalEndPoint;
    private bool _isAnswered;

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
        if (!context.Policy.TryMap(request.LocalEndPoint, out _destination, out string reason))
        {
            Reject(UserTcpRejectReason.Reset, reason);
            return;
        }

        using CancellationTokenSource displaced = new();
        GatewayAttempt attempt = new(_destination.Address, displaced.Cancel);
        RoomVerdict verdict = context.Room.TryEnter(attempt, out GatewayAttempt? other);
        if (other is not null)
            context.Counters.CountDisplaced();
        if (verdict != RoomVerdict.Entered)
        {
            Drop(verdict);
            return;
        }

        try
        {
            if (await ConnectAsync(attempt, displaced.Token).ConfigureAwait(false) is { } socket)
                await RelayAsync(socket).ConfigureAwait(false);
        }
        finally
        {
            // Only a fault leads here without an answer. A request that is kept would make the peer's next SYN the same
            // request, and keep its port shut for minutes.
            if (!_isAnswered && !request.Cancelled.IsCancellationRequested)
                Reject(UserTcpRejectReason.Ignore, "the gateway failed");
            context.Room.Leave(attempt);
        }
    }

    /// <summary>Connects before the SYN is answered, so that the answer is the server's.</summary>
    /// <returns>The socket; null if the peer has its answer or wants none any more.</returns>
    private async Task<Socket?> ConnectAsync(GatewayAttempt attempt, CancellationToken displaced)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            request.Cancelled, context.Stopping, displaced);
        end.CancelAfter(context.Options.ConnectTimeout);
        try
        {
            Socket socket = await context.Options.Connect(_destination, end.Token).ConfigureAwait(false);
            if (context.Room.TryEndAttempt(attempt))
                return socket;

            socket.Dispose();
            Reject(UserTcpRejectReason.Ignore, "it gave way to another attempt");
        }
        catch (OperationCanceledException) when (request.Cancelled.IsCancellationRequested)
        {
            GatewayLog.GivenUp(context.Logger, request.RemoteEndPoint, _destination);
        }
        catch (OperationCanceledException)
        {
            RejectUnfinished(displaced);
        }
        catch (SocketException error)
        {
            Reject(error);
        }

        return null;
    }

    private async Task RelayAsync(Socket socket)
    {
        UserTcpConnection connection;
        try
        {
            _isAnswered = true;
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

    private void RejectUnfinished(CancellationToken displaced)
    {
        if (context.Stopping.IsCancellationRequested)
            Reject(UserTcpRejectReason.Reset, "the gateway stops");
        else
            Reject(
                UserTcpRejectReason.Ignore,
                displaced.IsCancellationRequested ? "it gave way to another attempt" : "no answer in time");
    }

    private void Reject(SocketException error)
    {
        Reject(DestinationPolicy.AnswerTo(error.SocketErrorCode), error.Message);
        if (!DestinationPolicy.IsShortage(error.SocketErrorCode))
            return;

        context.Counters.CountSocketShortage();
        if (context.ShortageLog.IsDue())
        {
            GatewayLog.SocketShortage(
                context.Logger, request.RemoteEndPoint, _destination, error.Message,
                context.Counters.SocketShortageDrops);
        }
    }

    private void Drop(RoomVerdict verdict)
    {
        context.Counters.CountDrop(verdict);
        if (verdict == RoomVerdict.TooManyAttempts)
        {
            Reject(UserTcpRejectReason.Ignore, "too many attempts to it wait for an answer");
            if (context.AttemptsLog.IsDue())
            {
                GatewayLog.TooManyAttempts(
                    context.Logger, request.RemoteEndPoint, _destination, context.Counters.DestinationLimitDrops);
            }

            return;
        }

        Reject(UserTcpRejectReason.Ignore, "there are too many connections");
        if (context.ConnectionsLog.IsDue())
        {
            GatewayLog.TooManyConnections(
                context.Logger, request.RemoteEndPoint, _destination, context.Options.MaxConnections,
                context.Counters.ConnectionLimitDrops);
        }
    }

    private void Reject(UserTcpRejectReason answer, string reason)
    {
        _isAnswered = true;
        context.Counters.CountAnswer(answer);
        GatewayLog.Rejected(context.Logger, request.RemoteEndPoint, _destination, reason, answer);
        request.Reject(answer);
    }
}
