using System.Net;
using System.Net.NetworkInformation;
using System.Net.ServerSentEvents;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using UserTcp.AspNetCore.Tests.Support;

namespace UserTcp.AspNetCore.Tests;

/// <summary>What HTTP is made of, with Kestrel and <see cref="HttpClient"/> each on a stack of its own.</summary>
public sealed class ProtocolTests
{
    private const int Hang = 300_000;

    public static TheoryData<string, string> Versions => new()
    {
        { "http", "1.1" }, { "https", "1.1" }, { "https", "2.0" }, { "http", "2.0" },
    };

    [Theory(Timeout = Hang)]
    [MemberData(nameof(Versions))]
    public async Task Requests_are_answered(string scheme, string version)
    {
        await using WebLab lab = await StartAsync(scheme, version, application => application.Run(context =>
            context.Response.WriteAsync($"{context.Request.Protocol} {context.Request.Scheme}")));
        using HttpClient client = CreateClient(lab, version);

        for (int i = 0; i < 20; i++)
        {
            string protocol = version == "2.0" ? "HTTP/2" : "HTTP/1.1";
            Assert.Equal($"{protocol} {scheme}", await client.GetStringAsync(lab.Url(scheme)));
        }

        Assert.Equal(1, lab.ServerStack.GetStatistics().ConnectionsAccepted);
        Assert.Empty(lab.Log.Complaints);
    }

    [Theory(Timeout = Hang)]
    [MemberData(nameof(Versions))]
    public async Task Many_requests_run_at_once(string scheme, string version)
    {
        await using WebLab lab = await StartAsync(scheme, version, application => application.Run(context =>
            context.Response.WriteAsync($"answer to {context.Request.Path}")));
        using HttpClient client = CreateClient(lab, version);

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            client.GetStringAsync(lab.Url(scheme, $"/{i}"))));

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"answer to /{i}"), answers);
        Assert.Empty(lab.Log.Complaints);
    }

    [Theory(Timeout = Hang)]
    [MemberData(nameof(Versions))]
    public async Task Large_bodies_go_both_ways_unharmed(string scheme, string version)
    {
        byte[] body = RandomNumberGenerator.GetBytes(8_000_000);
        await using WebLab lab = await StartAsync(scheme, version, application =>
        {
            application.MapPost("/", async (HttpContext context) => await context.Response.WriteAsync(
                Convert.ToHexString(await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted))));
            application.MapGet("/", () => Results.Bytes(body));
        });
        using HttpClient client = CreateClient(lab, version);

        using HttpResponseMessage posted = await client.PostAsync(lab.Url(scheme), new ByteArrayContent(body));
        Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), await posted.Content.ReadAsStringAsync());
        Assert.Equal(SHA256.HashData(body), SHA256.HashData(await client.GetByteArrayAsync(lab.Url(scheme))));
    }

    [Theory(Timeout = Hang)]
    [InlineData("http", "1.1")]
    [InlineData("https", "2.0")]
    public async Task Web_sockets_echo_and_close(string scheme, string version)
    {
        await using WebLab lab = await StartAsync(scheme, version, application =>
        {
            application.UseWebSockets();
            application.Run(EchoAsync);
        });
        using var invoker = new HttpMessageInvoker(lab.CreateHandler());
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(
            lab.Url(scheme == "https" ? "wss" : "ws"), invoker, CancellationToken.None);
        byte[] buffer = new byte[100];
        for (int i = 0; i < 10; i++)
        {
            byte[] message = Encoding.UTF8.GetBytes($"message {i}");
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, CancellationToken.None);
            Assert.Equal(message, buffer[..result.Count]);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", CancellationToken.None);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Theory(Timeout = Hang)]
    [MemberData(nameof(Versions))]
    public async Task Server_sent_events_arrive_one_by_one(string scheme, string version)
    {
        using var mayGoOn = new SemaphoreSlim(0);
        await using WebLab lab = await StartAsync(scheme, version, application =>
            application.MapGet("/", () => TypedResults.ServerSentEvents(CountAsync(mayGoOn))));
        using HttpClient client = CreateClient(lab, version);
        using HttpResponseMessage response = await client.GetAsync(
            lab.Url(scheme), HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await response.Content.ReadAsStreamAsync();

        var seen = new List<string>();
        await foreach (SseItem<string> item in SseParser.Create(body).EnumerateAsync())
        {
            seen.Add(item.Data); // the next one is not made before this one is here
            mayGoOn.Release();
        }

        Assert.Equal(["0", "1", "2"], seen);
    }

    [Theory(Timeout = Hang)]
    [MemberData(nameof(Versions))]
    public async Task A_request_knows_its_connection(string scheme, string version)
    {
        UserTcpConnectionInfo? info = null;
        await using WebLab lab = await StartAsync(scheme, version, application => application.Run(async context =>
        {
            var feature = context.Features.GetRequiredFeature<IUserTcpConnectionFeature>();
            info = feature.Connection.GetInfo();
            Assert.Equal(feature.Connection.RemoteEndPoint.Port, context.Connection.RemotePort);
            await context.Response.WriteAsync($"{context.Connection.RemoteIpAddress} {context.Connection.Id}");
        }));
        using HttpClient client = CreateClient(lab, version);
        string answer = await client.GetStringAsync(lab.Url(scheme));

        Assert.StartsWith("10.0.0.1 usertcp-", answer, StringComparison.Ordinal);
        Assert.Equal(TcpState.Established, info!.State);
        Assert.True(info.BytesReceived > 0);
    }

    private static Task<WebLab> StartAsync(string scheme, string version, Action<WebApplication> map) =>
        WebLab.StartAsync(Carrier.UserTcp, map, listen =>
        {
            if (scheme == "https")
                listen.UseHttps(Certificates.Own);
            else
                listen.Protocols = version == "2.0" ? HttpProtocols.Http2 : HttpProtocols.Http1;
        });

    private static HttpClient CreateClient(WebLab lab, string version)
    {
        HttpClient client = lab.CreateClient();
        client.DefaultRequestVersion = Version.Parse(version);
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return client;
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[100];
        while (true)
        {
            WebSocketReceiveResult result = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (result.MessageType == WebSocketMessageType.Close)
                break;
            await socket.SendAsync(
                buffer.AsMemory(0, result.Count), result.MessageType, result.EndOfMessage, context.RequestAborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "", context.RequestAborted);
    }

    private static async IAsyncEnumerable<string> CountAsync(SemaphoreSlim mayGoOn)
    {
        for (int i = 0; i < 3; i++)
        {
            yield return $"{i}";
            await mayGoOn.WaitAsync(WebLab.Guard);
        }
    }
}
