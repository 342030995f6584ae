using System.Net;
using KestrelServer;
using Microsoft.AspNetCore.Builder;
using Program = KestrelServer.Program;
using UserTcp.Tests.Api;

namespace UserTcp.AspNetCore.Tests.Samples;

/// <summary>The sample does what its help says.</summary>
public sealed class KestrelServerTests
{
    private const int Hang = 300_000;

    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    [Fact(Timeout = Hang)]
    public async Task Without_arguments_it_shows_the_page_in_both_versions()
    {
        Assert.Equal(0, await RunAsync());

        string text = _output.ToString();
        Assert.Contains("protocol                HTTP/1.1\n", text, StringComparison.Ordinal);
        Assert.Contains("protocol                HTTP/2\n", text, StringComparison.Ordinal);
        Assert.Contains("state                   Established, cubic", text, StringComparison.Ordinal);
        Assert.Equal("", _error.ToString());
    }

    [Fact(Timeout = Hang)]
    public async Task One_port_serves_both_versions_to_browsers_and_to_others()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using WebApplication server = WebServer.Create(pair.Server, 8080);
        await server.StartAsync();
        using HttpClient client = pair.Client.CreateHttpClient();
        foreach ((Version version, string protocol) in ((Version, string)[])
            [(HttpVersion.Version11, "HTTP/1.1"), (HttpVersion.Version20, "HTTP/2")])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, server.Urls.Single())
            {
                Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Headers = { { "Accept", "text/html" } },
            };
            using HttpResponseMessage response = await client.SendAsync(request);

            Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
            Assert.Contains($"<tr><th>protocol</th><td>{protocol}</td></tr>",
                await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = Hang)]
    public async Task A_preface_in_pieces_is_one_and_what_only_looks_like_one_is_no_version()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using WebApplication server = WebServer.Create(pair.Server, 8080);
        await server.StartAsync();

        await using (UserTcpConnection whole = await ConnectAsync(pair))
        {
            foreach (byte one in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray())
                await whole.Output.SendAsync(new[] { one });
            await whole.Output.SendAsync(new byte[] { 0, 0, 0, 4, 0, 0, 0, 0, 0 }); // SETTINGS

            Assert.Equal(4, (await whole.Input.ReadExactlyAsync(9))[3]); // SETTINGS
        }

        await using UserTcpConnection other = await ConnectAsync(pair);
        await other.Output.SendAsync("PRI * HTTP/2.1\r\n\r\n"u8.ToArray());
        Assert.Equal("HTTP/1.1 505"u8.ToArray(), await other.Input.ReadExactlyAsync(12));
    }

    [Theory(Timeout = Hang)]
    [InlineData(1, "--address is needed", "--link", "eth0")]
    [InlineData(1, "is not an address", "--address", "nonsense")]
    [InlineData(1, "from 1 to 65535", "--port", "0")]
    [InlineData(2, "nosuch", "--link", "nosuch0", "--address", "10.1.1.1/24")]
    public async Task What_makes_no_sense_is_said(int code, string words, params string[] args)
    {
        Assert.Equal(code, await RunAsync(args));
        Assert.Contains(words, _error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<UserTcpConnection> ConnectAsync(StackPair pair) =>
        await pair.Client.ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 8080));

    private Task<int> RunAsync(params string[] args) =>
        Program.RunAsync(args, _output, _error, CancellationToken.None);
}
