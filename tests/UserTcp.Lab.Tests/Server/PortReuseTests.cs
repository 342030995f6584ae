using System.Net;
using System.Net.Sockets;
using UserTcp.Gateway;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Server;

/// <summary>
/// A client of the kernel's that resets its connection and connects again from the same port: RST and SYN often lie in
/// one batch. The kernel counts what it had to send again.
/// </summary>
public sealed class PortReuseTests
{
    private const int Times = 30;
    private const ushort ClientPort = 20_001;
    private static readonly IPAddress s_address = LabNetwork.Address(50);

    [LabFact]
    public async Task Thirty_connects_from_a_port_just_reset_send_nothing_twice()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        await using UserTcpStack stack = await lab.OpenStackAsync();
        await using UserTcpServer server = await UserTcpServer.StartAsync(stack, 80, static async (connection, token) =>
            await connection.Closed.WaitAsync(token));
        ConnectAgainAndAgain(lab, port: 80);
        Assert.Empty(server.Failures);
    }

    [LabFact]
    public async Task Thirty_connects_through_the_gateway_from_a_port_just_reset_send_nothing_twice()
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var behind = new TcpListener(IPAddress.Loopback, 0);
        behind.Start(Times);
        var options = new UserTcpGatewayOptions { Address = new UserTcpAddress(s_address, 24), AllowLoopback = true };
        await using UserTcpGateway gateway = await UserTcpGateway.StartAsync(lab.OpenLink(), options);
        ConnectAgainAndAgain(lab, ((IPEndPoint)behind.LocalEndpoint).Port);
    }

    private static void ConnectAgainAndAgain(LabNetwork lab, int port)
    {
        lab.Peer.Exec($"ping -c 1 -W 5 {s_address}"); // ARP has its own timers
        long before = lab.PeerCounter("Tcp.RetransSegs");
        lab.Peer.Run(() =>
        {
            for (int i = 0; i < Times; i++)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
                socket.Bind(new IPEndPoint(IPAddress.Any, ClientPort));
                socket.Connect(s_address, port);
            }
        });
        Assert.Equal(0, lab.PeerCounter("Tcp.RetransSegs") - before);
        Assert.True(lab.PeerCounter("Tcp.ActiveOpens") >= Times);
    }
}
