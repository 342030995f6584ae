using System.Net.Sockets;
using System.Text;

namespace UserTcp.AspNetCore.Tests.Support;

/// <summary>A client that speaks bytes, and misbehaves where a test wants it to.</summary>
internal sealed class RawClient(Stream stream, Action fin, Action reset) : IAsyncDisposable
{
    public static RawClient Over(Socket socket) => new(
        new NetworkStream(socket, ownsSocket: true), () => socket.Shutdown(SocketShutdown.Send),
        () => socket.Close(timeout: 0));

    public static RawClient Over(UserTcpConnection connection) => new(
        connection.AsStream(), () => connection.Output.Complete(), () => connection.Abort());

    public async Task SendAsync(string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text));

    public async Task SendAsync(byte[] bytes) => await stream.WriteAsync(bytes);

    public void Fin() => fin();

    public void Reset() => reset();

    /// <summary>All up to the server's FIN.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        return await reader.ReadToEndAsync().WaitAsync(WebLab.Guard);
    }

    public async Task<string> ReadExactlyAsync(int length)
    {
        byte[] bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(WebLab.Guard);
        return Encoding.ASCII.GetString(bytes);
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
