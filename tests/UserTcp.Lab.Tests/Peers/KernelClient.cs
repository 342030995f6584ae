using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>TCP clients on the kernel's sockets in a namespace.</summary>
internal static class KernelClient
{
    public static Socket Connect(NetworkNamespace ns, IPEndPoint server) => ns.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(server);
        return socket;
    });

    /// <summary>Reads exactly so many bytes.</summary>
    public static async Task<byte[]> ReadExactlyAsync(Socket socket, int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        await using var stream = new NetworkStream(socket);
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        return bytes;
    }

    /// <summary>Reads to the FIN; a RST throws.</summary>
    public static async Task<byte[]> ReadToEndAsync(Socket socket, CancellationToken cancellationToken)
    {
        var bytes = new MemoryStream();
        await using var stream = new NetworkStream(socket);
        await stream.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }
}
