using System.Net.Sockets;
using UserTcp.Gateway;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Gateway;

/// <summary>Whoever does not read stops the other side; the gateway holds no more than its windows promise.</summary>
[Collection(RealTime.Name)]
public sealed class GatewayBackPressureTests
{
    private const int Window = 64 * 1024;
    private const long StreamBytes = 64 << 20;

    [Fact]
    public async Task A_client_that_does_not_read_stops_the_server()
    {
        await using OsServer server = new(async (socket, token) =>
        {
            await Bulk.SendAsync(socket, StreamBytes, stream: 3, token);
            socket.Shutdown(SocketShutdown.Send);
            await Bulk.ReceiveAsync(socket, token);
        });
        await using EmbeddedGateway embedded = await StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        await GatewayBench.UntilAsync(() => connection.GetInfo().ReceiveWindow == 0);
        AssertBounded(read: 0);
        byte[] hash = await Bulk.ReceiveAsync(connection.Input, AssertBounded);

        Assert.Equal(Bulk.HashOf(StreamBytes, stream: 3), hash);
        Assert.Equal(StreamBytes, embedded.Gateway.GetStatistics().BytesFromServers);

        // On its way: what the gateway's stack may queue, and what the client's window lets it send.
        void AssertBounded(long read) =>
            Assert.InRange(embedded.Gateway.GetStatistics().BytesFromServers - read, 0, (4 * Window) + (64 * 1024));
    }

    [Fact]
    public async Task A_server_that_does_not_read_stops_the_client()
    {
        TaskCompletionSource mayRead = new();
        TaskCompletionSource<byte[]> received = new();
        await using OsServer server = OsServer.Telling(received, async (socket, token) =>
        {
            await mayRead.Task.WaitAsync(token);
            return await Bulk.ReceiveAsync(socket, token);
        });
        await using EmbeddedGateway embedded = await StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        Task sending = Bulk.SendAsync(connection.Output, StreamBytes, stream: 4, AssertBounded);
        await GatewayBench.UntilAsync(() => connection.GetInfo() is { PeerWindow: 0, BytesQueued: > 0 });
        Assert.False(sending.IsCompleted);
        mayRead.SetResult();
        await sending;
        connection.ShutdownOutput();

        Assert.Equal(Bulk.HashOf(StreamBytes, stream: 4), await received.Task);

        void AssertBounded(long written) =>
            Assert.InRange(written - embedded.Gateway.GetStatistics().BytesToServers, 0, (4 * Window) + (64 * 1024));
    }

    private static Task<EmbeddedGateway> StartAsync()
    {
        UserTcpConnectionOptions small = new() { ReceiveBufferSize = Window, SendBufferSize = Window };
        return GatewayBench.StartAsync(gateway => gateway.ConnectionOptions = small, small);
    }
}
