using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using UserTcp.Gateway;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Gateway;

/// <summary>What passes through the gateway between a stack and real sockets on the loopback.</summary>
[Collection(RealTime.Name)]
public sealed class GatewayRelayTests
{
    private const long BulkBytes = 100 << 20;

    [Fact]
    public async Task A_server_of_the_operating_system_is_reached_and_answers()
    {
        await using OsServer server = new(EchoAsync);
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        await GatewayBench.WriteAsync(connection, "through two stacks and back");
        connection.ShutdownOutput();

        Assert.Equal("through two stacks and back", await GatewayBench.ReadToEndAsync(connection));
        Assert.Equal(1, embedded.Gateway.GetStatistics().Accepted);
    }

    [Fact]
    public async Task A_hundred_megabytes_pass_each_way_at_once_and_arrive_whole()
    {
        TaskCompletionSource<byte[]> received = new();
        await using OsServer server = OsServer.Telling(received, async (socket, token) =>
        {
            Task<byte[]> receiving = Bulk.ReceiveAsync(socket, token);
            await Bulk.SendAsync(socket, BulkBytes, stream: 1, token);
            socket.Shutdown(SocketShutdown.Send);
            return await receiving;
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        Task<byte[]> receiving = Bulk.ReceiveAsync(connection.Input);
        await Bulk.SendAsync(connection.Output, BulkBytes, stream: 2);
        connection.ShutdownOutput();

        Assert.Equal(Bulk.HashOf(BulkBytes, stream: 1), await receiving);
        Assert.Equal(Bulk.HashOf(BulkBytes, stream: 2), await received.Task);
        UserTcpGatewayStatistics statistics = embedded.Gateway.GetStatistics();
        Assert.Equal((BulkBytes, BulkBytes), (statistics.BytesToServers, statistics.BytesFromServers));
    }

    [Fact]
    public async Task The_client_may_close_first_and_still_be_answered()
    {
        await using OsServer server = new(async (socket, token) =>
        {
            string request = await ReceiveTextAsync(socket, token);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"you said {request}"), token);
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        await GatewayBench.WriteAsync(connection, "goodbye");
        connection.ShutdownOutput();

        Assert.Equal("you said goodbye", await GatewayBench.ReadToEndAsync(connection));
    }

    [Fact]
    public async Task The_server_may_close_first_and_still_be_written_to()
    {
        TaskCompletionSource<string> received = new();
        await using OsServer server = OsServer.Telling(received, async (socket, token) =>
        {
            socket.Shutdown(SocketShutdown.Send);
            return await ReceiveTextAsync(socket, token);
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        Assert.Equal("", await GatewayBench.ReadToEndAsync(connection));
        await GatewayBench.WriteAsync(connection, "still here");
        connection.ShutdownOutput();

        Assert.Equal("still here", await received.Task);
    }

    [Fact]
    public async Task A_reset_by_the_server_is_a_reset_for_the_client()
    {
        await using OsServer server = new(async (socket, token) =>
        {
            // Not before the client is connected: a reset in the middle of that would be a refusal.
            await socket.ReceiveAsync(new byte[1], token);
            OsServer.Reset(socket);
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);
        await connection.Output.WriteAsync(new byte[1]);

        UserTcpConnectionException error = await Assert.ThrowsAsync<UserTcpConnectionException>(
            () => connection.Input.ReadAsync().AsTask());

        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await connection.Closed);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reset_by_the_client_is_a_reset_for_the_server(bool closedBefore)
    {
        TaskCompletionSource<SocketError> outcome = new();
        await using OsServer server = new(async (socket, token) =>
        {
            try
            {
                // To the end of what the client sends, and if that comes without a reset, as long as it accepts bytes.
                byte[] buffer = new byte[1024];
                while (await socket.ReceiveAsync(buffer, token) > 0)
                {
                }

                while (true)
                    await socket.SendAsync(buffer, token);
            }
            catch (SocketException error)
            {
                outcome.SetResult(error.SocketErrorCode);
            }
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);
        await GatewayBench.WriteAsync(connection, "hello");
        if (closedBefore)
        {
            connection.ShutdownOutput();
            ReadResult read = await connection.Input.ReadAsync();
            connection.Input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        connection.Abort();

        // A reset that finds the server sending is EPIPE for it if it comes between two sends.
        Assert.Contains(await outcome.Task, (SocketError[])[SocketError.ConnectionReset, SocketError.Shutdown]);
    }

    [Fact]
    public async Task Many_connections_at_once_do_not_mix()
    {
        await using OsServer server = new(EchoAsync);
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();

        string[] echoes = await Task.WhenAll(Enumerable.Range(0, 50).Select(async number =>
        {
            await using UserTcpConnection connection =
                await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);
            await GatewayBench.WriteAsync(connection, $"number {number}");
            connection.ShutdownOutput();
            return await GatewayBench.ReadToEndAsync(connection);
        }));

        Assert.Equal(Enumerable.Range(0, 50).Select(number => $"number {number}"), echoes);
    }

    private static async Task EchoAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[8192];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
            await socket.SendAsync(buffer.AsMemory(0, read), cancellationToken);
    }

    private static async Task<string> ReceiveTextAsync(Socket socket, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        byte[] buffer = new byte[1024];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));

        return text.ToString();
    }
}
