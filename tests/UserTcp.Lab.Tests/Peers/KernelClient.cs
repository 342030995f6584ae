using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>TCP clients on the kernel's sockets in a namespace.</summary>
internal static class KernelClient
{
    /// <summary>Connects.</summary>
    /// <param name="ns">Where the client is.</param>
    /// <param name="server">Whereto.</param>
    /// <param name="receiveBuffer">In bytes; null lets the kernel choose, up to 32 MiB.</param>
    public static Socket Connect(NetworkNamespace ns, IPEndPoint server, int? receiveBuffer = null) => ns.Run(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        if (receiveBuffer is int bytes)
            socket.ReceiveBufferSize = bytes;
        socket.Connect(server);
        return socket;
    });

    /// <summary>Fetches pages by kernel sockets, some at a time.</summary>
    public static Task GetAllAsync(
        NetworkNamespace ns, IPEndPoint server, IEnumerable<Page> pages, int atATime,
        CancellationToken cancellationToken)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = atATime, CancellationToken = cancellationToken };
        return Parallel.ForEachAsync(pages, options, async (page, cancelled) =>
        {
            using Socket socket = Connect(ns, server);
            await PageClient.GetAsync(new SocketPipes(socket), page, cancelled);
        });
    }

    /// <summary>Reads exactly so many bytes.</summary>
    public static async Task<byte[]> ReadExactlyAsync(Socket socket, int count, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[count];
        for (int have = 0; have < count;)
        {
            int read = await socket.ReceiveAsync(bytes.AsMemory(have), cancellationToken);
            have += read > 0 ? read : throw new EndOfStreamException($"The FIN came after {have} of {count} bytes.");
        }

        return bytes;
    }

    /// <summary>Reads to the FIN; a RST is a <see cref="SocketException"/>.</summary>
    public static async Task<byte[]> ReadToEndAsync(Socket socket, CancellationToken cancellationToken)
    {
        var bytes = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
            bytes.Write(buffer, 0, read);
        return bytes.ToArray();
    }
}
