using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using UserTcp.AspNetCore.Tests.Support;

namespace UserTcp.AspNetCore.Tests;

/// <summary>HTTP/1.1 and HTTP/2 on one port, whoever carries the bytes.</summary>
public sealed class PriorKnowledgeTests : IDisposable
{
    private const int Hang = 300_000;
    private const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    private readonly SemaphoreSlim _accepted = new(0);

    public static TheoryData<Carrier, string, string> Clients => new()
    {
        { Carrier.Sockets, "http", "1.1" }, { Carrier.Sockets, "http", "2.0" },
        { Carrier.UserTcp, "http", "1.1" }, { Carrier.UserTcp, "http", "2.0" },
    };

    public void Dispose() => _accepted.Dispose();

    [Theory(Timeout = Hang)]
    [MemberData(nameof(Clients))]
    public async Task The_client_decides(Carrier carrier, string scheme, string version)
    {
        await using WebLab lab = await StartAsync(carrier);
        using HttpClient client = CreateClient(lab, version);
        using var content = new ByteArrayContent(new byte[200_000]);
        using HttpResponseMessage response = await client.PostAsync(lab.Url(scheme), content);

        string protocol = version == "2.0" ? "HTTP/2" : "HTTP/1.1";
        Assert.Equal($"{protocol} http 200000 no certificate", await response.Content.ReadAsStringAsync());
        Assert.Equal(Version.Parse(version), response.Version);
    }

    [Theory(Timeout = Hang)]
    [InlineData("1.1", true)]
    [InlineData("2.0", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", false)]
    public async Task With_TLS_it_is_TLS_that_decides(string version, bool isTlsFirst)
    {
        await using WebLab lab = await StartAsync(Carrier.UserTcp, listen =>
        {
            if (isTlsFirst)
                listen.UseHttps(Certificates.Own).UseHttp2PriorKnowledge();
            else
                listen.UseHttp2PriorKnowledge().UseHttps(Certificates.Own);
        });
        using HttpClient client = CreateClient(lab, version);

        string protocol = version == "2.0" ? "HTTP/2" : "HTTP/1.1";
        Assert.Equal($"{protocol} https 0 no certificate", await client.GetStringAsync(lab.Url("https")));
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_preface_in_pieces_is_one_and_what_only_looks_like_one_is_no_version(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier);
        await using RawClient whole = await lab.ConnectAsync();
        foreach (char one in Preface)
            await whole.SendAsync([(byte)one]);
        await whole.SendAsync([0, 0, 0, 4, 0, 0, 0, 0, 0]); // SETTINGS
        Assert.Equal('\u0004', (await whole.ReadExactlyAsync(9))[3]); // SETTINGS

        await using RawClient other = await lab.ConnectAsync();
        await other.SendAsync("PRI * HTTP/2.1\r\n\r\n");
        Assert.Equal("HTTP/1.1 505", await other.ReadExactlyAsync(12));
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_client_that_ends_or_breaks_before_it_has_decided_is_no_complaint(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier);
        await using (RawClient ending = await lab.ConnectAsync())
        {
            await ending.SendAsync("PRI * ");
            await _accepted.WaitAsync();
            ending.Fin();
            await ending.ReadToEndAsync();
        }

        await using (RawClient breaking = await lab.ConnectAsync())
        {
            await breaking.SendAsync("PRI * ");
            await _accepted.WaitAsync();
            breaking.Reset();
        }

        await lab.Application.StopAsync();
        string warning = Assert.Single(lab.Log.Complaints); // that there is no HTTP/2 without TLS
        Assert.Contains("TLS is not enabled", warning, StringComparison.Ordinal);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets, "")]
    [InlineData(Carrier.UserTcp, "")]
    [InlineData(Carrier.Sockets, "PRI * ")]
    [InlineData(Carrier.UserTcp, "PRI * ")]
    public async Task A_graceful_stop_closes_who_has_not_decided(Carrier carrier, string sent)
    {
        await using WebLab lab = await StartAsync(carrier);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(sent);
        await _accepted.WaitAsync();

        // The host would wait for the whole guard.
        await lab.Application.StopAsync();
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task Who_does_not_decide_is_let_go_of(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, patience: TimeSpan.FromMilliseconds(1));
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync("PRI * ");

        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task No_limit_is_one_too()
    {
        await using WebLab lab = await StartAsync(Carrier.UserTcp, patience: Timeout.InfiniteTimeSpan);
        using HttpClient client = CreateClient(lab, "2.0");

        Assert.StartsWith("HTTP/2", await client.GetStringAsync(lab.Url()), StringComparison.Ordinal);
    }

    private Task<WebLab> StartAsync(
        Carrier carrier, Action<ListenOptions>? use = null, TimeSpan? patience = null) => WebLab.StartAsync(
        carrier,
        application => application.Run(AnswerAsync),
        listen =>
        {
            listen.KestrelServerOptions.Limits.KeepAliveTimeout =
                patience ?? listen.KestrelServerOptions.Limits.KeepAliveTimeout;
            listen.Use((connection, next) =>
            {
                _accepted.Release();
                return next();
            });
            if (use is null)
                listen.UseHttp2PriorKnowledge();
            else
                use(listen);
        });

    private static async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        bool hasCertificate = context.Connection.ClientCertificate is not null;
        await context.Response.WriteAsync(
            $"{context.Request.Protocol} {context.Request.Scheme} {body.Length} "
            + (hasCertificate ? "certificate" : "no certificate"));
    }

    private static HttpClient CreateClient(WebLab lab, string version)
    {
        HttpClient client = lab.CreateClient();
        client.DefaultRequestVersion = Version.Parse(version);
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return client;
    }
}
