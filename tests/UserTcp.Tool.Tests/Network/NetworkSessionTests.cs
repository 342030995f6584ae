using System.Net;
using System.Net.Sockets;
using UserTcp.Tool.Network;
using Xunit;

namespace UserTcp.Tool.Tests.Network;

public sealed class NetworkSessionTests
{
    private static readonly IPAddress s_nobody = IPAddress.Parse("224.0.0.9"); // a group: no host has it

    [Fact]
    public async Task The_next_address_of_a_name_is_tried_where_one_fails()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        await using NetworkSession session = await OpenAsync(s_nobody, IPAddress.Loopback);

        await using UserTcpConnection connection = await session
            .ConnectAsync("twofold.example", port, options: null, CancellationToken.None);

        Assert.Equal(new IPEndPoint(session.LoopbackAlias!, port), connection.RemoteEndPoint);
    }

    [Fact]
    public async Task Where_all_fail_the_last_one_is_told_of()
    {
        await using NetworkSession session = await OpenAsync(s_nobody, IPAddress.Broadcast);

        ToolException error = await Assert.ThrowsAsync<ToolException>(() => session.ConnectAsync(
            "twofold.example", 80, options: null, CancellationToken.None));

        Assert.Equal(Failure.Connect, error.Failure);
        Assert.StartsWith("255.255.255.255:80 cannot be connected to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_without_an_address_cannot_be_resolved()
    {
        await using NetworkSession session = await OpenAsync();

        ToolException error = await Assert.ThrowsAsync<ToolException>(() => session.ConnectAsync(
            "empty.example", 80, options: null, CancellationToken.None));

        Assert.Equal(Failure.Name, error.Failure);
    }

    [Fact]
    public async Task The_loopback_is_among_the_addresses_of_a_name_behind_the_gateway_and_errors_name_it()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // and does not listen
        await using NetworkSession session = await OpenAsync(IPAddress.Parse("192.0.2.7"), IPAddress.Loopback);

        IPAddress[] addresses = await session.ResolveAsync("twofold.example", CancellationToken.None);
        ToolException error = await Assert.ThrowsAsync<ToolException>(() => session.ConnectAsync(
            "127.0.0.1", ((IPEndPoint)closed.LocalEndPoint!).Port, options: null, CancellationToken.None));

        Assert.Equal([IPAddress.Parse("192.0.2.7"), IPAddress.Loopback], addresses);
        Assert.Equal($"{closed.LocalEndPoint} refused the connection.", error.Message);
    }

    private static Task<NetworkSession> OpenAsync(params IPAddress[] addresses) => NetworkSession.OpenAsync(
        new NetworkSettings { Resolve = (_, _) => Task.FromResult(addresses) }, CancellationToken.None);
}
