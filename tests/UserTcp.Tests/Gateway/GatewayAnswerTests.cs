using System.IO.Pipelines;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using UserTcp.Gateway;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Links;
using UserTcp.Tests.Stack;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Gateway;

/// <summary>What a peer hears before there is a connection, and when there is a gateway no more.</summary>
[Collection(RealTime.Name)]
public sealed class GatewayAnswerTests
{
    [Fact]
    public async Task A_port_where_nobody_listens_refuses()
    {
        using ClosedPort closed = new();
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();

        SocketException error = await Assert.ThrowsAsync<SocketException>(
            () => embedded.Stack.ConnectAsync(GatewayBench.Router, closed.Number).AsTask());

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Equal(1, embedded.Gateway.GetStatistics().Rejected);
    }

    [Fact]
    public async Task The_loopback_is_out_of_reach_unless_it_is_allowed()
    {
        await using OsServer server = new((_, _) => Task.CompletedTask);
        await using EmbeddedGateway embedded = await EmbeddedGateway.StartAsync();

        SocketException error = await Assert.ThrowsAsync<SocketException>(
            () => embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port).AsTask());

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Equal(0, server.Accepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_destination_that_the_filter_denies_or_fails_on_is_refused(bool throws)
    {
        await using OsServer server = new((_, _) => Task.CompletedTask);
        IPEndPoint? asked = null;
        await using EmbeddedGateway embedded =
            await GatewayBench.StartAsync(options => options.DestinationFilter = Deny);

        SocketException error = await Assert.ThrowsAsync<SocketException>(
            () => embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port).AsTask());

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, server.Port), asked);
        Assert.Equal(0, server.Accepted);

        bool Deny(IPEndPoint destination)
        {
            asked = destination;
            return throws ? throw new InvalidOperationException("a fault of the filter") : false;
        }
    }

    [Fact]
    public async Task A_server_that_says_nothing_leaves_the_client_without_an_answer()
    {
        using SilentPort silent = new();
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync(
            options => options.ConnectTimeout = TimeSpan.FromMilliseconds(50),
            new UserTcpConnectionOptions
            {
                ConnectTimeout = TimeSpan.FromSeconds(2),
                InitialRetransmitTimeout = TimeSpan.FromMilliseconds(200),
            });

        SocketException error = await Assert.ThrowsAsync<SocketException>(
            () => embedded.Stack.ConnectAsync(GatewayBench.Router, silent.EndPoint.Port).AsTask());

        Assert.Equal(SocketError.TimedOut, error.SocketErrorCode);
        await GatewayBench.UntilAsync(() => embedded.Gateway.GetStatistics().Ignored > 0); // the pool may be slower
        Assert.InRange(embedded.Gateway.GetStatistics().Ignored, 1, 100);
    }

    [Fact]
    public async Task A_peer_that_resets_its_SYN_ends_the_connect_of_the_system()
    {
        using SilentPort silent = new();
        (VirtualLink peer, VirtualLink outside) = VirtualLink.CreatePair();
        using VirtualLink link = peer;
        await using UserTcpGateway gateway = await UserTcpGateway.StartAsync(outside, new()
        {
            AllowLoopback = true, MacAddress = Packets.OwnMac, ConnectTimeout = TimeSpan.FromMinutes(10),
        });

        Send(link, TcpFlags.Syn, seq: 1000, (ushort)silent.EndPoint.Port);
        await GatewayBench.UntilAsync(() => gateway.GetStatistics().CurrentConnections == 1);
        Send(link, TcpFlags.Rst, seq: 1001, (ushort)silent.EndPoint.Port);
        await GatewayBench.UntilAsync(() => gateway.GetStatistics().CurrentConnections == 0);

        Assert.Equal(new UserTcpGatewayStatistics(), gateway.GetStatistics());
    }

    [Fact]
    public async Task One_connection_too_many_waits_until_another_has_ended()
    {
        await using OsServer server = new(async (socket, token) =>
        {
            await socket.SendAsync("hello"u8.ToArray(), token);
            await socket.ReceiveAsync(new byte[1], token);
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync(
            options => options.MaxConnections = 1,
            new UserTcpConnectionOptions { InitialRetransmitTimeout = TimeSpan.FromMilliseconds(100) });
        UserTcpConnection first = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        Task<UserTcpConnection> second = embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port).AsTask();
        await GatewayBench.UntilAsync(() => embedded.Gateway.GetStatistics().Ignored > 0);

        Assert.False(second.IsCompleted);
        first.Abort();
        await using UserTcpConnection admitted = await second;
        ReadResult hello = await admitted.Input.ReadAsync();
        admitted.Input.AdvanceTo(hello.Buffer.End);
        Assert.Equal(2, embedded.Gateway.GetStatistics().Accepted);
    }

    [Fact]
    public async Task The_router_answers_ARP_and_ping()
    {
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();

        UserTcpPingReply reply = await embedded.Stack.PingAsync(
            GatewayBench.Router, new UserTcpPingOptions { Timeout = TimeSpan.FromMinutes(2) });

        Assert.Equal(IPStatus.Success, reply.Status);
        UserTcpNeighbor neighbor = Assert.Single(embedded.Stack.GetNeighbors());
        Assert.Equal(GatewayBench.Router, neighbor.Address);
        Assert.NotNull(neighbor.MacAddress);
    }

    [Fact]
    public async Task Disposing_of_the_gateway_resets_both_sides()
    {
        TaskCompletionSource<SocketError> serverSaw = new();
        await using OsServer server = new(async (socket, token) =>
        {
            try
            {
                await socket.ReceiveAsync(new byte[1], token);
                serverSaw.SetResult(SocketError.Success);
            }
            catch (SocketException error)
            {
                serverSaw.SetResult(error.SocketErrorCode);
            }
        });
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        await using UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        await embedded.Gateway.DisposeAsync();

        Assert.Equal(SocketError.ConnectionReset, await serverSaw.Task);
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await connection.Closed);
        Assert.Equal(0, embedded.Gateway.GetStatistics().CurrentConnections);
        await embedded.Gateway.DisposeAsync();
    }

    [Fact]
    public async Task Disposing_of_the_pair_delivers_what_was_written()
    {
        TaskCompletionSource<byte[]> received = new();
        await using OsServer server = OsServer.Telling(received, Bulk.ReceiveAsync);
        EmbeddedGateway embedded = await GatewayBench.StartAsync();
        UserTcpConnection connection = await embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port);

        await Bulk.SendAsync(connection.Output, 20_000_000, stream: 5);
        await connection.DisposeAsync();
        await embedded.DisposeAsync();

        Assert.Equal(Bulk.HashOf(20_000_000, stream: 5), await received.Task);
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => embedded.Stack.ConnectAsync(GatewayBench.Router, server.Port).AsTask());
    }

    [Fact]
    public async Task Options_out_of_range_are_named_and_the_link_is_closed()
    {
        (VirtualLink first, VirtualLink second) = VirtualLink.CreatePair();
        using VirtualLink other = second;

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            "MaxConnections", () => UserTcpGateway.StartAsync(first, new() { MaxConnections = 0 }).AsTask());

        Assert.Throws<LinkDownException>(() => other.Receive(new RxBatch(1)));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            "ConnectTimeout",
            () => EmbeddedGateway.StartAsync(new() { Gateway = { ConnectTimeout = TimeSpan.Zero } }).AsTask());
    }

    private static void Send(VirtualLink link, TcpFlags flags, uint seq, ushort port)
    {
        HostAddress router = Packets.Address("10.0.2.2");
        HostAddress peer = Packets.Address("10.0.2.15");
        byte[] segment = StackBench.Segment(flags, seq, to: port, source: peer, destination: router);
        byte[] packet = Packets.Ipv4(peer, router, segment);
        FrameList frames = new FrameList().Add(Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet));
        Assert.Equal(1, link.Transmit(frames.ToArray()));
    }
}
