using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Text;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>
/// <c>peer</c>: the far end, a process of its own with kernel sockets, until its input ends. A port for each thing that
/// can be asked of it.
/// </summary>
internal static class PeerCommand
{
    public const string Ready = "ready";
    public const int Sink = 1;
    public const int Source = 2;
    public const int Echo = 3;
    public const int Close = 4;
    public const int Http = 5;
    private const int Backlog = 8192;
    private const int BufferBytes = 256 << 10;

    private static readonly byte[] s_answer = Encoding.ASCII.GetBytes(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n" + new string('x', 100));

    public static Command Make()
    {
        var places = new Option<string[]>("--at")
        {
            Description = "namespace=address, for each cable.", AllowMultipleArgumentsPerToken = true,
        };
        var port = new Option<int>("--port") { Description = "The services' ports are beyond it." };
        var command = new Command("peer", "The far end of the speed command.") { places, port };
        command.Hidden = true;
        command.SetAction(parsed => Run(parsed.GetValue(places)!, parsed.GetValue(port)));
        return command;
    }

    private static int Run(string[] places, int port)
    {
        foreach (string place in places)
        {
            string[] parts = place.Split('=');
            NetworkNamespace.RunIn(parts[0], () => Open(IPAddress.Parse(parts[1]), port));
        }

        Console.WriteLine(Ready);
        while (Console.ReadLine() is not null)
        {
            // Nothing is said to it; the end of the input is the end.
        }

        return 0;
    }

    private static bool Open(IPAddress address, int port)
    {
        Serve(address, port + Sink, SinkAsync);
        Serve(address, port + Source, SourceAsync);
        Serve(address, port + Echo, EchoAsync);
        Serve(address, port + Close, _ => Task.CompletedTask);
        Serve(address, port + Http, HttpAsync);
        return true;
    }

    private static void Serve(IPAddress address, int port, Func<Socket, Task> service)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(address, port));
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

/// <summary>What applications do with what they get: look at it.</summary>
internal static class Touch
{
    private static long s_zeros;

    public static void Every(ReadOnlySpan<byte> bytes) => s_zeros += bytes.Count((byte)0);
}
