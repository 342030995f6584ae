using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>
/// <c>far</c>: the far end of a contender, a process with kernel sockets inside the namespace of its cable. A port for
/// each thing that can be asked of it; it obeys the order of requests at a fixed rate.
/// </summary>
internal static class FarCommand
{
    public const int Sink = 9001;
    public const int Source = 9002;
    public const int Echo = 9003;
    public const int Close = 9004;
    public const int Http = 9005;
    private const int Backlog = 8192;
    private const int BufferBytes = 256 << 10;

    private static readonly byte[] s_answer = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + new string('x', 100));

    public static Command Make()
    {
        var kernel = new Option<bool>("--to-kernel") { Description = "The server is on kernel sockets." };
        var command = new Command("far", "The far end of the speed command.") { kernel };
        command.Hidden = true;
        command.SetAction(parsed => RunAsync(Kestrel.EndPoint(parsed.GetValue(kernel))));
        return command;
    }

    private static Task<int> RunAsync(IPEndPoint server)
    {
        Serve(Sink, SinkAsync);
        Serve(Source, SourceAsync);
        Serve(Echo, EchoAsync);
        Serve(Close, _ => Task.CompletedTask);
        Serve(Http, HttpAsync);
        return OrderLoop.RunAsync(order => order.Work == Workload.WebAtRate
            ? Task.FromResult(FixedRate.Run(server, order))
            : throw new ArgumentException($"The far end does not do {order.Work}.", nameof(order)));
    }

    private static void Serve(int port, Func<Socket, Task> service)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(Cable.FarAddress, port));
        listener.Listen(Backlog);
        Background.Run(() => AcceptAsync(listener, service));
    }

    private static async Task AcceptAsync(Socket listener, Func<Socket, Task> service)
    {
        while (true)
        {
            Socket accepted = await listener.AcceptAsync();
            accepted.NoDelay = true;
            Background.Run(() => ServeAsync(accepted, service));
        }
    }

    private static async Task ServeAsync(Socket socket, Func<Socket, Task> service)
    {
        using (socket)
        {
            try
            {
                await service(socket);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
            {
                // It had enough.
            }
        }
    }

    // Says how many bytes came when they end.
    private static async Task SinkAsync(Socket socket)
    {
        byte[] buffer = new byte[BufferBytes];
        long total = 0;
        for (int read; (read = await socket.ReceiveAsync(buffer)) > 0; total += read)
        {
            Touch.Every(buffer.AsSpan(0, read));
        }

        await socket.SendAsync(BitConverter.GetBytes(total));
        socket.Shutdown(SocketShutdown.Send);
    }

    private static async Task SourceAsync(Socket socket)
    {
        byte[] buffer = new byte[BufferBytes];
        for (byte fill = 0; ; fill++)
        {
            buffer.AsSpan().Fill(fill);
            await socket.SendAsync(buffer);
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        byte[] buffer = new byte[BufferBytes];
        for (int read; (read = await socket.ReceiveAsync(buffer)) > 0;)
        {
            await socket.SendAsync(buffer.AsMemory(0, read));
        }
    }

    // Requests come one at a time and have no body.
    private static async Task HttpAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        for (int read; (read = await socket.ReceiveAsync(buffer.AsMemory(length))) > 0;)
        {
            length += read;
            if (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
                continue;

            length = 0;
            await socket.SendAsync(s_answer);
        }
    }
}
