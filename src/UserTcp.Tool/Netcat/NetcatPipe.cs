using System.IO.Pipelines;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Netcat;

/// <summary>Two streams of the process, joined to the two directions of a connection.</summary>
internal sealed class NetcatPipe(Stream input, Stream output)
{
    private readonly SharedInput _input = new(input);

    /// <summary>Takes lines about what happens.</summary>
    public required Action<string> Tell { get; init; }

    /// <summary>How long to wait for the connection; null: as long as the stack does, or for ever (-l).</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>
    /// Whether another connection is taken when one is over: when the peer's end has come, and what was read for it
    /// is sent.
    /// </summary>
    public bool KeepsListening { get; init; }

    /// <exception cref="ToolException">It could not be connected, or broke.</exception>
    public async Task ConnectAsync(
        NetworkSession session, string host, int port, CancellationToken cancellationToken)
    {
        await using UserTcpConnection connection = await session
            .ConnectAsync(host, port, new UserTcpConnectionOptions { ConnectTimeout = Wait }, cancellationToken);
        Tell($"Connected to {connection.RemoteEndPoint} from {connection.LocalEndPoint}.");
        await RunAsync(connection, cancellationToken);
    }

    /// <summary>Takes a connection, and with <see cref="KeepsListening"/> one after the other.</summary>
    /// <exception cref="ToolException">The port is taken, nobody came, or the only connection broke.</exception>
    public async Task ListenAsync(NetworkSession session, int port, CancellationToken cancellationToken)
    {
        UserTcpListener listener = await OpenAsync(session, port, cancellationToken);
        await using UserTcpListener _ = listener;
        do
        {
            await using UserTcpConnection connection = await AcceptAsync(listener, port, cancellationToken);
            Tell($"Connection from {connection.RemoteEndPoint}.");
            if (!KeepsListening)
                await listener.DisposeAsync();
            await ServeAsync(connection, cancellationToken);
        }
        while (KeepsListening);
    }

    private async Task ServeAsync(UserTcpConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync(connection, cancellationToken);
        }
        catch (ToolException failure) when (KeepsListening && failure.Failure == Failure.Receive)
        {
            Tell(failure.Message); // the next one may do better
        }
    }

    private async Task<UserTcpListener> OpenAsync(NetworkSession session, int port, CancellationToken cancellationToken)
    {
        try
        {
            UserTcpListener listener = await session.Stack.ListenAsync(port, cancellationToken);
            Tell($"Listening on {session.Stack.Addresses[0].Address}:{port}.");
            return listener;
        }
        catch (SocketException error)
        {
            throw new ToolException(Failure.Connect, $"Port {port} cannot be listened on: {error.Message}", error);
        }
    }

    private async Task<UserTcpConnection> AcceptAsync(
        UserTcpListener listener, int port, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (Wait is { } longest)
            patience.CancelAfter(longest);

        try
        {
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
            using var inputEnd = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
            Task sending = SendAsync(connection, inputEnd.Token, stop.Token);
            Task receiving = ReceiveAsync(connection, stop.Token);
            await WaitAsync(connection, sending, receiving, inputEnd).WaitAsync(cancellationToken);
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
    private async Task WaitAsync(
        UserTcpConnection connection, Task sending, Task receiving, CancellationTokenSource inputEnd)
    {
        await await Task.WhenAny(sending, receiving);
        await receiving;
        if (KeepsListening)
            await inputEnd.CancelAsync();
        await Task.WhenAny(sending, connection.Closed);
        if (!sending.IsCompleted)
            return;

        await sending;
        await connection.OutputAcknowledged;
    }

    private async Task SendAsync(
        UserTcpConnection connection, CancellationToken inputEnd, CancellationToken cancellationToken)
    {
        while (await ReadInputAsync(inputEnd, cancellationToken) is { IsEmpty: false } piece)
        {
            FlushResult result = await TranslateAsync(connection.Output.WriteAsync(piece, cancellationToken));
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

    private async Task<ReadOnlyMemory<byte>> ReadInputAsync(
        CancellationToken inputEnd, CancellationToken cancellationToken)
    {
        try
        {
            return await _input.ReadAsync(inputEnd);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return default; // the rest of the input is for another connection
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
