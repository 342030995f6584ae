using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>A TCP server on the kernel's sockets in a namespace, with a handler for each connection.</summary>
internal sealed class KernelServer : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    private KernelServer(Socket listener, Func<Socket, CancellationToken, Task> handler)
    {
        _listener = listener;
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;
        _accepting = AcceptAsync(handler);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Starts a server; the handler's socket is closed when the handler returns.</summary>
    public static KernelServer Start(
        NetworkNamespace ns, IPAddress address, Func<Socket, CancellationToken, Task> handler, int port = 0)
    {
        Socket listener = ns.Run(() =>
        {
            var made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            made.Bind(new IPEndPoint(address, port));
            made.Listen(512);
            return made;
        });
        return new KernelServer(listener, handler);
    }

    /// <summary>The same with pipes over the socket; ends with FIN and waits for the client's.</summary>
    public static KernelServer Start(
        NetworkNamespace ns, IPAddress address, Func<IDuplexPipe, CancellationToken, Task> handler, int port = 0) =>
        Start(ns, address, async (socket, cancellationToken) =>
        {
            var pipes = new SocketPipes(socket);
            await handler(pipes, cancellationToken);
            socket.Shutdown(SocketShutdown.Send);
            await ByteHash.EndAsync(pipes.Input, cancellationToken);
        }, port);

    /// <summary>Stops; a handler that failed fails this.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync(Func<Socket, CancellationToken, Task> handler)
    {
        List<Task> handling = [];
        try
        {
            while (true)
                handling.Add(HandleAsync(await _listener.AcceptAsync(_end.Token), handler));
        }
        catch (Exception e) when (
            _end.IsCancellationRequested
            && e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(handling);
        }
    }

    private async Task HandleAsync(Socket socket, Func<Socket, CancellationToken, Task> handler)
    {
        using (socket)
        {
            try
            {
                await handler(socket, _end.Token);
            }
            catch (OperationCanceledException) when (_end.IsCancellationRequested)
            {
                // The test is over: what it left open ends with the server.
            }
        }
    }
}
