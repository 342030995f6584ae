using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Netcat;

/// <summary>Two streams of the process, joined to the two directions of a connection.</summary>
internal sealed class NetcatPipe(Stream input, Stream output)
{
    /// <summary>Takes lines about what happens.</summary>
    public required Action<string> Tell { get; init; }

    /// <summary>How long to wait for the connection; null: as long as the stack does, or for ever (-l).</summary>
    public TimeSpan? Wait { get; init; }

    /// <exception cref="ToolException">It could not be connected, or broke.</exception>
    public async Task ConnectAsync(
        NetworkSession session, IPEndPoint destination, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection = await session
            .ConnectAsync(destination, new UserTcpConnectionOptions { ConnectTimeout = Wait }, cancellationToken);
        Tell($"Connected to {connection.RemoteEndPoint} from {connection.LocalEndPoint}.");
        await RunAsync(connection, cancellationToken);
    }

    /// <exception cref="ToolException">The port is taken, nobody came, or the connection broke.</exception>
    public async Task ListenAsync(NetworkSession session, int port, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection = await AcceptAsync(session, port, cancellationToken);
        Tell($"Connection from {connection.RemoteEndPoint}.");
        await RunAsync(connection, cancellationToken);
    }

    private async Task<UserTcpConnection> AcceptAsync(
        NetworkSession session, int port, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (Wait is { } longest)
            patience.CancelAfter(longest);

        try
        {
            await using UserTcpListener listener = await session.Stack.ListenAsync(port, patience.Token);
            Tell($"Listening on {session.Stack.Addresses[0].Address}:{port}.");
            return await listener.AcceptAsync(patience.Token);
        }
        catch (SocketException error)
        {
            throw new ToolException(Failure.Connect, $"Port {port} cannot be listened on: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ToolException(Failure.TimedOut, "Nobody came in time.", error);
        }
    }

    private async Task RunAsync(UserTcpConnection connection, CancellationToken cancellationToken)
    {
        // The peer's end does not end our input, and a terminal's read cannot be cancelled: it is left behind.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task sending = SendAsync(connection, stop.Token);
        try
        {
            await connection.Input.CopyToAsync(output, cancellationToken);
            await output.FlushAsync(cancellationToken);
            await EndAsync(connection, sending, cancellationToken);
        }
        catch (IOException error)
        {
            connection.Abort();
            throw new ToolException(Failure.Receive, $"The connection broke: {error.Message}", error);
        }
        catch (OperationCanceledException)
        {
            connection.Abort();
            throw;
        }
        finally
        {
            await stop.CancelAsync();
        }

        UserTcpConnectionInfo info = connection.GetInfo();
        Tell($"{Quantity.Count(info.BytesAcked)} B sent, {Quantity.Count(info.BytesReceived)} B received, "
            + $"{info.Retransmits} segments retransmitted.");
    }

    private async Task SendAsync(UserTcpConnection connection, CancellationToken cancellationToken)
    {
        // On a thread of its own: reads of the console block.
        await Task.Run(() => input.CopyToAsync(connection.Output, cancellationToken), cancellationToken);
        await connection.ShutdownOutputAsync(cancellationToken);
    }

    // What is still to be sent is sent, unless the peer has gone altogether.
    private static async Task EndAsync(
        UserTcpConnection connection, Task sending, CancellationToken cancellationToken)
    {
        await Task.WhenAny(sending, connection.Closed).WaitAsync(cancellationToken);
        if (!sending.IsCompleted)
            return;

        await sending;
        await connection.OutputAcknowledged.WaitAsync(cancellationToken);
    }
}
