using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;
using UserTcp.Links;
using UserTcp.NetworkBenchmarks.Wire;

namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary>
/// One wire and who is at its ends: on the near side a kernel and a stack of ours that shares its interface, on the far
/// side a kernel. All serve <see cref="SizedStream"/>.
/// </summary>
internal sealed class Lane : IAsyncDisposable
{
    private const int Port = 9000;
    private const int Ours = 50;
    private readonly int _number;
    private readonly NetworkNamespace _far;
    private readonly UserTcpStack _stack;
    private readonly UserTcpListener _listener;
    private readonly List<Socket> _listeners = [];

    private Lane(int number, NetworkNamespace far, UserTcpStack stack, UserTcpListener listener)
    {
        _number = number;
        _far = far;
        _stack = stack;
        _listener = listener;
    }

    /// <summary>Sets up the interfaces of a wire that was started.</summary>
    public static async Task<Lane> OpenAsync(int number, NetworkNamespace near, NetworkNamespace far)
    {
        string device = WireCommand.DeviceOf(number);
        SetUp(near, device, number, 1);
        SetUp(far, device, number, 2);
        var options = new UserTcpStackOptions { Link = near.Run(() => PcapLink.Open(device)) };
        options.Addresses.Add(new UserTcpAddress(Address(number, Ours), 24));
        UserTcpStack stack = await UserTcpStack.OpenAsync(options);
        far.Exec($"ip neighbour replace {Address(number, Ours)} lladdr {stack.MacAddress} dev {device} nud permanent");
        UserTcpListener listener = await stack.ListenAsync(Port);
        var lane = new Lane(number, far, stack, listener);
        lane._listeners.Add(Listen(near, Address(number, 1)));
        lane._listeners.Add(Listen(far, Address(number, 2)));
        foreach (Socket socket in lane._listeners)
        {
            _ = ServeKernelAsync(socket);
        }

        _ = ServeOursAsync(listener);
        return lane;
    }

    /// <summary>Fetches bytes over a connection of its own.</summary>
    /// <returns>The bytes that came, and the time from before the connect until after the last of them.</returns>
    public async Task<(long Bytes, TimeSpan Time)> FetchAsync(Side side, long bytes, TimeSpan longest)
    {
        using Socket? socket = side == Side.Receiving ? null : _far.Run(
            () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var enough = new CancellationTokenSource(longest);
        long start = Stopwatch.GetTimestamp();
        Stream stream;
        try
        {
            stream = socket is null
                ? await ConnectOursAsync(enough.Token)
                : await ConnectAsync(socket, side == Side.Kernel ? 1 : Ours, enough.Token);
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            return (0, longest);
        }

        await using (stream)
        {
            long taken = await SizedStream.FetchAsync(stream, bytes, enough.Token);
            return (taken, Stopwatch.GetElapsedTime(start));
        }
    }

    /// <summary>What the stack counted, for the curious.</summary>
    public UserTcpStackStatistics Statistics => _stack.GetStatistics();

    public async ValueTask DisposeAsync()
    {
        foreach (Socket socket in _listeners)
        {
            socket.Dispose();
        }

        await _listener.DisposeAsync();
        _stack.Abort();
    }

    private static IPAddress Address(int number, int host) => IPAddress.Parse($"10.77.{number}.{host}");

    private static void SetUp(NetworkNamespace ns, string device, int number, int host)
    {
        ns.Exec($"ip link set {device} mtu 1500 txqueuelen 10000 up");
        ns.Exec($"ip address add {Address(number, host)}/24 dev {device}");
        ns.Exec($"ip route replace 10.77.{number}.0/24 dev {device} proto kernel scope link "
            + $"src {Address(number, host)} congctl cubic");
        ns.Exec("sysctl -q net.ipv4.tcp_no_metrics_save=1");
    }

    private static Socket Listen(NetworkNamespace ns, IPAddress address) => ns.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, Port));
        socket.Listen(512);
        return socket;
    });

    private async Task<Stream> ConnectOursAsync(CancellationToken enough)
    {
        UserTcpConnection connection = await _stack.ConnectAsync(
            new IPEndPoint(Address(_number, 2), Port), cancellationToken: enough);
        return connection.AsStream();
    }

    private async Task<Stream> ConnectAsync(Socket socket, int host, CancellationToken enough)
    {
        await socket.ConnectAsync(new IPEndPoint(Address(_number, host), Port), enough);
        return new NetworkStream(socket);
    }

    private static async Task ServeKernelAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                Socket accepted = await listener.AcceptAsync();
                _ = ServeAsync(new NetworkStream(accepted, ownsSocket: true));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.OperationAborted)
        {
            // The lane is closed.
        }
    }

    private static async Task ServeOursAsync(UserTcpListener listener)
    {
        await foreach (UserTcpConnection accepted in listener.AcceptAllAsync())
        {
            _ = ServeAsync(accepted.AsStream());
        }
    }

    private static async Task ServeAsync(Stream stream)
    {
        await using (stream)
        {
            await SizedStream.ServeAsync(stream);
        }
    }
}
