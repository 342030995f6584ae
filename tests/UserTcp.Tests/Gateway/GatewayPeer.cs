using System.Net;
using System.Net.Sockets;
using UserTcp.Gateway;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Links;
using UserTcp.Tests.Runtime;
using UserTcp.Tests.Stack;
using UserTcp.Wire;

namespace UserTcp.Tests.Gateway;

/// <summary>
/// A gateway whose peer sends single SYNs by hand, and whose connects are the test's: no socket of the system is made.
/// </summary>
internal sealed class GatewayPeer : IAsyncDisposable
{
    private readonly VirtualLink _link;
    private readonly Lock _lock = new();
    private readonly List<IPEndPoint> _connects = [];

    private GatewayPeer(VirtualLink link) => _link = link;

    public required UserTcpGateway Gateway { get; init; }

    public required LogList Log { get; init; }

    /// <summary>Every connect that was asked for, in the order in which the thread pool came to them.</summary>
    public IPEndPoint[] Connects
    {
        get
        {
            lock (_lock)
                return [.. _connects];
        }
    }

    /// <summary>What the system says to a connect; without it nobody ever answers.</summary>
    public Func<IPEndPoint, Exception>? Failure { get; set; }

    public int Attempts => Gateway.GetStatistics().CurrentConnections;

    public static async Task<GatewayPeer> StartAsync(Action<UserTcpGatewayOptions>? configure = null)
    {
        (VirtualLink near, VirtualLink far) = VirtualLink.CreatePair();
        var log = new LogList();
        GatewayPeer? peer = null;
        UserTcpGatewayOptions options = new()
        {
            MacAddress = Packets.OwnMac, ConnectTimeout = TimeSpan.FromMinutes(10), LoggerFactory = log,
            Connect = (destination, token) => peer!.ConnectAsync(destination, token),
        };
        configure?.Invoke(options);
        UserTcpGateway gateway = await UserTcpGateway.StartAsync(far, options);
        peer = new GatewayPeer(near) { Gateway = gateway, Log = log };
        return peer;
    }

    public void Syn(string host, ushort port, ushort from = StackBench.PeerPort) =>
        Send(TcpFlags.Syn, 1000, host, port, from);

    public void Rst(string host, ushort port, ushort from = StackBench.PeerPort) =>
        Send(TcpFlags.Rst, 1001, host, port, from);

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        _link.Dispose();
    }

    private void Send(TcpFlags flags, uint seq, string host, ushort port, ushort from)
    {
        HostAddress destination = Packets.Address(host);
        HostAddress source = Packets.Address("10.0.2.15");
        byte[] segment = StackBench.Segment(
            flags, seq, from: from, to: port, source: source, destination: destination);
        byte[] packet = Packets.Ipv4(source, destination, segment);
        FrameList frames = new FrameList().Add(Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet));
        TxFrame[] one = frames.ToArray();
        SpinWait.SpinUntil(() => _link.Transmit(one) == 1); // the queue of the link may be full for a moment
    }

    private async ValueTask<Socket> ConnectAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        lock (_lock)
            _connects.Add(destination);
        if (Failure?.Invoke(destination) is { } failure)
            throw failure;

        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException("Nobody answers.");
    }
}
