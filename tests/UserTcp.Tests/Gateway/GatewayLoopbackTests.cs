using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using UserTcp.Gateway;
using UserTcp.Tests.Runtime;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Gateway;

/// <summary>This machine's own services behind a gateway, by the names that people type; and a quiet end.</summary>
[Collection(RealTime.Name)]
public sealed class GatewayLoopbackTests
{
    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("10.0.2.2")]
    public async Task A_web_server_of_this_machine_is_reached_by_every_name_of_the_loopback(string host)
    {
        await using OsServer server = new(AnswerAsync);
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();
        using HttpClient client = embedded.Stack.CreateHttpClient();

        Assert.Equal("hello", await client.GetStringAsync(new Uri($"http://{host}:{server.Port}/")));
    }

    [Fact]
    public async Task An_error_names_the_address_that_was_asked_for()
    {
        using ClosedPort closed = new();
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();

        SocketException error = await Assert.ThrowsAsync<SocketException>(
            () => embedded.Stack.ConnectAsync(IPAddress.Parse("127.0.0.5"), closed.Number).AsTask());

        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        Assert.Contains($"127.0.0.5:{closed.Number}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_AllowLoopback_the_message_names_the_option()
    {
        await using EmbeddedGateway embedded = await EmbeddedGateway.StartAsync();
        using HttpClient client = embedded.Stack.CreateHttpClient();

        ArgumentException error = await Assert.ThrowsAsync<ArgumentException>(
            () => embedded.Stack.ConnectAsync(IPAddress.Loopback, 5000).AsTask());
        Assert.Contains("127.0.0.1", error.Message, StringComparison.Ordinal);
        Assert.Contains("UserTcpGatewayOptions.AllowLoopback", error.Message, StringComparison.Ordinal);
        Exception told = await Assert.ThrowsAnyAsync<Exception>(
            () => client.GetStringAsync(new Uri("http://localhost:5000/")));
        Assert.Contains("UserTcpGatewayOptions.AllowLoopback", told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ping_to_the_loopback_is_answered_by_the_gateway()
    {
        await using EmbeddedGateway embedded = await GatewayBench.StartAsync();

        UserTcpPingReply reply = await embedded.Stack.PingAsync(
            IPAddress.Loopback, new UserTcpPingOptions { Timeout = TimeSpan.FromMinutes(2) });

        Assert.Equal(IPStatus.Success, reply.Status);
    }

    [Fact]
    public async Task An_orderly_end_logs_no_warning_and_no_error()
    {
        var log = new LogList();
        await using OsServer server = new(AnswerAsync);
        EmbeddedGateway embedded = await GatewayBench.StartAsync(options => options.LoggerFactory = log);
        using (HttpClient client = embedded.Stack.CreateHttpClient())
            await client.GetStringAsync(new Uri($"http://localhost:{server.Port}/"));
        await embedded.DisposeAsync();

        Assert.Equal(1, log.Count(6000));
        Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Warning);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task An_orderly_end_at_any_moment_logs_no_warning_and_no_error(int seed)
    {
        var random = new Random(seed);
        await using OsServer server = new(AnswerAsync);
        for (int draw = 0; draw < 20; draw++)
        {
            var log = new LogList();
            EmbeddedGateway embedded = await GatewayBench.StartAsync(options => options.LoggerFactory = log);
            List<Task<UserTcpConnection>> connects = [];
            for (int count = random.Next(4); count > 0; count--)
                connects.Add(embedded.Stack.ConnectAsync(IPAddress.Loopback, server.Port).AsTask());
            await Task.WhenAll(connects.Take(random.Next(4)));
            await embedded.DisposeAsync();

            Assert.DoesNotContain(log.Entries, entry => entry.Level >= LogLevel.Warning);
            foreach (Task<UserTcpConnection> connect in connects)
                await connect.ContinueWith(static _ => { }, TaskScheduler.Default); // disposal may come first
        }
    }

    private static async Task AnswerAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] request = new byte[4096];
        if (await socket.ReceiveAsync(request, cancellationToken) == 0)
            return;

        const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
        await socket.SendAsync(Encoding.ASCII.GetBytes(Answer), cancellationToken);
        socket.Shutdown(SocketShutdown.Send);
    }
}
