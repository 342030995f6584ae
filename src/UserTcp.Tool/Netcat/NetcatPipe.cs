using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Netcat;

/// <summary>Two streams of the process, joined to the two directions of a connection.</summary>
internal sealed class NetcatPipe(Stream input, Stream output)
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>Takes lines about what happens.</summary>
    public required Action<string> Tell { get; init; }

    /// <summary>How long to wait for the connection; null: as long as the stack does, or for ever (-l).</summary>
    public TimeSpan? Wait { get; init; }

    /// <exception cref="ToolException">It could not be connected, or broke.</exception>
    public async Task ConnectAsync(
        NetworkSession session, string host, int port, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection = await session
            .ConnectAsync(host, port, new UserTcpConnectionOptions { ConnectTimeout = Wait }, cancellationToken);
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
        try
        {
            Task sending = SendAsync(connection, stop.Token);
            Task receiving = ReceiveAsync(connection, stop.Token);
            await WaitAsync(connection, sending, receiving).WaitAsync(cancellationToken);
        }
        catch
        {
            // What is not whole must not look so to the peer.
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

    // A direction that fails ends the other one. What is still to be sent at the peer's end is sent, unless the peer
    // has gone altogether.
    private static async Task WaitAsync(UserTcpConnection connection, Task sending, Task receiving)
    {
        await await Task.WhenAny(sending, receiving);
        await receiving;
        await Task.WhenAny(sending, connection.Closed);
        if (!sending.IsCompleted)
            return;

        await sending;
        await connection.OutputAcknowledged;
    }

    private async Task SendAsync(UserTcpConnection connection, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        int count;
        while ((count = await ReadInputAsync(buffer, cancellationToken)) > 0)
        {
            FlushResult result = await TranslateAsync(
                connection.Output.WriteAsync(buffer.AsMemory(0, count), cancellationToken));
            if (result.IsCompleted)
                return;
        }

        connection.ShutdownOutput();
    }

    private async Task ReceiveAsync(UserTcpConnection connection, CancellationToken cancellationToken)
    {
        ReadResult result;
        do
        {
            result = await TranslateAsync(connection.Input.ReadAsync(cancellationToken));
            foreach (ReadOnlyMemory<byte> bytes in result.Buffer)
            {
                await WriteOutputAsync(bytes, cancellationToken);
            }

            connection.Input.AdvanceTo(result.Buffer.End);
        }
        while (!result.IsCompleted);

        await output.FlushAsync(cancellationToken);
    }

    private async Task<int> ReadInputAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            // On a thread of its own: reads of the console block.
            return await Task.Run(() => input.ReadAsync(buffer, cancellationToken).AsTask(), cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException(Failure.Read, $"The standard input cannot be read: {error.Message}", error);
        }
    }

    private async Task WriteOutputAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await output.WriteAsync(bytes, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw OutputWatch.FailureOf(error);
        }
    }

    private static async ValueTask<T> TranslateAsync<T>(ValueTask<T> call)
    {
        try
        {
            return await call;
        }
        catch (IOException error)
        {
            throw new ToolException(Failure.Receive, $"The connection broke: {error.Message}", error);
        }
    }
}
