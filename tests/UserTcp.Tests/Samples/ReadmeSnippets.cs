using System.Net;
using UserTcp.Gateway;

namespace UserTcp.Tests.Samples;

/// <summary>The examples of the READMEs: what stands between the marks is compiled here and compared there.</summary>
internal static class ReadmeSnippets
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

    public static async Task ServeAsync()
    {
        // <serve>
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("eth0", "192.168.1.50/24", "192.168.1.1");
        await using UserTcpListener listener = await stack.ListenAsync(7);

        await foreach (UserTcpConnection client in listener.AcceptAllAsync())
            _ = EchoAsync(client);
        // </serve>
    }

    public static async Task EmbedAsync()
    {
        // <embed>
        await using EmbeddedGateway embedded = await EmbeddedGateway.StartAsync();
        await using var connection = await embedded.Stack.ConnectAsync(IPAddress.Parse("93.184.215.14"), 80);
        // </embed>
    }

    private static async Task EchoAsync(UserTcpConnection client)
    {
        await using (client)
            await client.Input.CopyToAsync(client.Output);
    }
}
