using System.Net;
using System.Net.Sockets;

namespace UserTcp.Tests.Api.Parity;

/// <summary>The kernel's sockets over its loopback.</summary>
public sealed class KernelNetwork : ParityNetwork
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _sockets = [];

    public KernelNetwork() => _listener.Start();

    public override async Task<(ParityEnd Near, ParityEnd Far)> ConnectAsync()
    {
        var near = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sockets.Add(near);
        await near.ConnectAsync(_listener.LocalEndpoint);
        Socket far = await _listener.AcceptSocketAsync();
        _sockets.Add(far);
        return (new End(near), new End(far));
    }

    public override async Task ConnectToNobodyAsync()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound, and not listening: nobody else gets the port
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(taken.LocalEndPoint!);
    }

    public override async Task AcceptWhileTheListenerGoesAsync()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<Socket> accept = listener.AcceptSocketAsync();
        listener.Stop();
        await accept;
    }

    public override ValueTask DisposeAsync()
    {
        _listener.Stop();
        _sockets.ForEach(socket => socket.Dispose());
        return ValueTask.CompletedTask;
    }

    private sealed class End(Socket socket) : ParityEnd(new NetworkStream(socket, ownsSocket: true))
    {
        public override void ShutdownSend() => socket.Shutdown(SocketShutdown.Send);

        public override void Close() => socket.Dispose();

        public override void Reset() => socket.Close(timeout: 0);
    }
}
