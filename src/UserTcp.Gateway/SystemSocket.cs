using System.Net;
using System.Net.Sockets;

namespace UserTcp.Gateway;

/// <summary>The sockets of the operating system.</summary>
internal static class SystemSocket
{
    /// <summary>Connects.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A connected socket, which the caller has to dispose of.</returns>
    /// <exception cref="SocketException">It could not be connected, or the system has no socket left.</exception>
    public static async ValueTask<Socket> ConnectAsync(IPEndPoint destination, CancellationToken cancellationToken)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            await socket.ConnectAsync(destination, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Lets a socket wait for a moment. The platform makes what serves waiting sockets at the first one, which takes
    /// file descriptors; if there are none at that moment, no socket of the process can ever wait.
    /// </summary>
    public static async ValueTask PrepareAsync()
    {
        try
        {
            using CancellationTokenSource enough = new();
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            ValueTask<int> waiting = socket.ReceiveAsync(new byte[1], SocketFlags.None, enough.Token);
            await enough.CancelAsync().ConfigureAwait(false);
            await waiting.ConfigureAwait(false);
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            // The wait was cancelled, as intended; or the system allows no such socket, and connects will tell why.
        }
    }
}
