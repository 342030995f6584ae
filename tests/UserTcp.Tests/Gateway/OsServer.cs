using System.Net;
using System.Net.Sockets;

namespace UserTcp.Tests.Gateway;

/// <summary>
/// A server on an ordinary socket of the operating system, on the loopback. Each client gets its own run of the script;
/// a script that a departed client breaks off is no failure, every other exception comes out at disposal.
/// </summary>
internal sealed class OsServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<Socket, CancellationToken, Task> _script;
    private readonly Task _accepting;
    private int _accepted;

    public OsServer(Func<Socket, CancellationToken, Task> script)
    {
        _script = script;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(128);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    public int Accepted => Volatile.Read(ref _accepted);

    /// <summary>A server for one client, whose script has an outcome: a value, or an exception.</summary>
    public static OsServer Telling<T>(
        TaskCompletionSource<T> outcome, Func<Socket, CancellationToken, Task<T>> script) =>
        new(async (socket, token) =>
        {
            try
            {
                outcome.SetResult(await script(socket, token));
            }
            catch (Exception error)
            {
                outcome.SetException(error);
            }
        });

    /// <summary>Ends a connection the rude way.</summary>
    public static void Reset(Socket socket) => socket.Close(0);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> clients = [];
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync(_stopping.Token);
                Interlocked.Increment(ref _accepted);
                clients.Add(ServeAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(clients);
    }

    private async Task ServeAsync(Socket client)
    {
        await Task.Yield();
        using (client)
        {
            try
            {
                await _script(client, _stopping.Token);
            }
            catch (Exception error) when (error is SocketException or IOException or ObjectDisposedException
                or OperationCanceledException)
            {
                // The client left, or the test is over.
            }
        }
    }
}

/// <summary>A port of the loopback where nobody listens, and which nobody else can be given meanwhile.</summary>
internal sealed class ClosedPort : IDisposable
{
    private readonly Socket _holder = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ClosedPort() => _holder.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    public int Number => ((IPEndPoint)_holder.LocalEndPoint!).Port;

    public void Dispose() => _holder.Dispose();
}

/// <summary>A port of the loopback whose SYN queue is full: a connect to it gets no answer.</summary>
internal sealed class SilentPort : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public SilentPort()
    {
        Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(listener);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        EndPoint = (IPEndPoint)listener.LocalEndPoint!;

        // Nobody accepts: the kernel completes two of these, and drops the SYNs of the rest.
        for (int i = 0; i < 4; i++)
        {
            Socket filler = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            _sockets.Add(filler);
            try
            {
                filler.Connect(EndPoint);
            }
            catch (SocketException error) when (
                error.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
            {
                // On its way, or dropped.
            }
        }
    }

    public IPEndPoint EndPoint { get; }

    public void Dispose()
    {
        foreach (Socket socket in _sockets)
            socket.Dispose();
    }
}
