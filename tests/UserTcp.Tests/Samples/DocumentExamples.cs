using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using UserTcp.Diagnostics;
using UserTcp.Gateway;
using UserTcp.Links;

namespace UserTcp.Tests.Samples;

/// <summary>
/// The examples of README.md, of the package READMEs and of <c>docs/</c>. The architecture tests compare each with the
/// document that shows it.
/// </summary>
internal static class DocumentExamples
{
    public static async Task FetchAsync(IPAddress address)
    {
        // <fetch>
        await using EmbeddedGateway network = await EmbeddedGateway.StartAsync();   // no privileges needed
        await using UserTcpConnection connection = await network.Stack.ConnectAsync(address, 80);

        await connection.Output.WriteAsync("GET / HTTP/1.0\r\n\r\n"u8.ToArray());
        await connection.Output.CompleteAsync();                                    // FIN; reading goes on
        await connection.Input.CopyToAsync(Console.OpenStandardOutput());           // until the server's FIN

        UserTcpConnectionInfo info = connection.GetInfo();                          // what Linux calls TCP_INFO
        Console.Error.WriteLine($"rtt {info.SmoothedRtt}, {info.Retransmits} retransmitted");
        // </fetch>
    }

    public static async Task BrowseAsync()
    {
        // <browse>
        await using EmbeddedGateway network = await EmbeddedGateway.StartAsync();
        using HttpClient client = network.Stack.CreateHttpClient();   // HTTP/1.1, HTTP/2, TLS, pooled
        Console.WriteLine(await client.GetStringAsync("https://example.org/"));
        // </browse>
    }

    public static void Handler(UserTcpStack stack)
    {
        // <handler>
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = 16, UseProxy = false };
        handler.UseUserTcp(stack, new UserTcpHttpOptions
        {
            Resolver = (name, cancellationToken) => new ValueTask<IPAddress[]>([IPAddress.Parse("192.168.1.10")]),
        });
        using var client = new HttpClient(handler);
        // </handler>
    }

    public static async Task ServeAsync()
    {
        // <serve>
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("eth0", "192.168.1.50/24", "192.168.1.1");
        await using UserTcpListener listener = await stack.ListenAsync(7);

        await foreach (UserTcpConnection client in listener.AcceptAllAsync())
            _ = EchoAsync(client);
        // </serve>
    }

    public static async Task RenumberAsync(UserTcpStack stack)
    {
        // <renumber>
        await stack.AddAddressAsync(UserTcpAddress.Parse("192.168.1.51/24"));      // probes, and throws if it is taken
        await stack.DeprecateAddressAsync(IPAddress.Parse("192.168.1.50"));        // new connections use the other one
        // … once the old connections are done:
        await stack.RemoveAddressAsync(IPAddress.Parse("192.168.1.50"));
        // </renumber>
    }

    public static async Task EmbedAsync()
    {
        // <embed>
        await using EmbeddedGateway embedded = await EmbeddedGateway.StartAsync();
        await using var connection = await embedded.Stack.ConnectAsync(IPAddress.Parse("93.184.215.14"), 80);
        // </embed>
    }

    public static async Task PairAsync()
    {
        // <pair>
        (VirtualLink left, VirtualLink right) = VirtualLink.CreatePair();
        await using UserTcpStack client = await UserTcpStack.OpenAsync(
            new UserTcpStackOptions { Link = left, Addresses = { UserTcpAddress.Parse("10.0.0.1/24") } });
        await using UserTcpStack server = await UserTcpStack.OpenAsync(
            new UserTcpStackOptions { Link = right, Addresses = { UserTcpAddress.Parse("10.0.0.2/24") } });

        await using UserTcpListener listener = await server.ListenAsync(7);
        await using UserTcpConnection connection = await client.ConnectAsync(IPAddress.Parse("10.0.0.2"), 7);
        // </pair>
    }

    public static void CheckAccess()
    {
        // <access>
        LinkAccess access = LinkDevice.CheckAccess("eth0");
        if (!access.IsGranted)
            Console.Error.WriteLine($"{access.Reason} {access.Remedy}");   // the remedy is a command where there is one
        // </access>
    }

    // <read>
    public static async Task<int> CountLinesAsync(PipeReader input)
    {
        int lines = 0;
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            foreach (ReadOnlyMemory<byte> memory in result.Buffer)
                lines += memory.Span.Count((byte)'\n');
            input.AdvanceTo(result.Buffer.End);      // frees the memory, which opens the window
            if (result.IsCompleted)                  // the peer's FIN
                return lines;
        }
    }
    // </read>

    public static async Task WriteAsync(UserTcpConnection connection, string line)
    {
        // <write>
        Memory<byte> memory = connection.Output.GetMemory(Encoding.UTF8.GetMaxByteCount(line.Length));
        connection.Output.Advance(Encoding.UTF8.GetBytes(line, memory.Span));   // written where TCP sends it from
        FlushResult result = await connection.Output.FlushAsync();              // waits while the buffer is full
        // </write>
        _ = result;
    }

    public static async Task ShutdownAsync(UserTcpConnection connection)
    {
        // <acknowledged>
        await connection.Output.CompleteAsync();      // FIN behind everything that was written
        await connection.OutputAcknowledged;          // the peer's TCP has it all
        // </acknowledged>
    }

    public static async Task CaptureAsync()
    {
        // <capture>
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("eth0", "192.168.1.50/24", "192.168.1.1");
        using PcapngTap tap = PcapngTap.Create(
            "lan.pcapng", new PcapngTapOptions { MaxFileBytes = 100 << 20, MaxFiles = 5 });
        using IDisposable registration = stack.AddTap(tap);
        // </capture>
    }

    public static void Drops(UserTcpStack stack)
    {
        // <drops>
        foreach ((PacketDropReason reason, long count) in stack.GetStatistics().Drops.Where(drop => drop.Value > 0))
            Console.WriteLine($"{reason}: {count}");
        // </drops>
    }

    public static async Task TuneAsync(UserTcpStack stack, IPAddress address)
    {
        // <tune>
        var options = new UserTcpConnectionOptions
        {
            CongestionControl = CongestionControl.NewReno,
            SendBufferSize = 16 << 20,                          // for long fat paths: bandwidth times round trip
            KeepAlive = new UserTcpKeepAliveOptions { Time = TimeSpan.FromMinutes(5) },
            UserTimeout = TimeSpan.FromSeconds(30),             // unacknowledged for so long: the connection ends
        };
        await using UserTcpConnection connection = await stack.ConnectAsync(
            new IPEndPoint(address, 443), options);
        // </tune>
    }

    private static async Task EchoAsync(UserTcpConnection client)
    {
        await using (client)
            await client.Input.CopyToAsync(client.Output);
    }
}
