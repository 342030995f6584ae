using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

/// <summary><c>get</c> over TLS and in both versions of HTTP, from Kestrel on the kernel's sockets.</summary>
public sealed class GetSecureTests
{
    private static readonly byte[] s_body =
        [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 + i / 251))];

    [Theory]
    [InlineData("https", HttpProtocols.Http1AndHttp2, "2")]
    [InlineData("https", HttpProtocols.Http1AndHttp2, "2", "--http", "2")]
    [InlineData("https", HttpProtocols.Http1AndHttp2, "2", "--http2")]
    [InlineData("https", HttpProtocols.Http1AndHttp2, "1.1", "--http", "1.1")]
    [InlineData("https", HttpProtocols.Http1AndHttp2, "1.1", "--http1.1")]
    [InlineData("https", HttpProtocols.Http1, "1.1")]
    [InlineData("https", HttpProtocols.Http2, "2")]
    [InlineData("http", HttpProtocols.Http1, "1.1")]
    [InlineData("http", HttpProtocols.Http2, "2", "--http2")]
    [InlineData("http", HttpProtocols.Http2, "2", "--http2-prior-knowledge", "--http", "2")]
    public async Task The_version_is_the_one_that_was_agreed_on(
        string scheme, HttpProtocols spoken, string version, params string[] more)
    {
        await using SecureServer server = await StartAsync(scheme, spoken);
        string[] line = ["get", server.Url(), "--cacert", server.CertificateFile, .. more];
        await using ToolRun run = await ToolRun.ToEndAsync(line);
        await using ToolRun json = await ToolRun.ToEndAsync([.. line, "--json"]);

        Assert.Equal((0, 0), (await run.Ended, await json.Ended));
        Assert.Equal(s_body, run.Bytes);
        string reported = version == "2" ? "2.0" : version;
        Assert.Contains($"http  200 OK  HTTP/{reported}  300,000 B", run.Error, StringComparison.Ordinal);
        Assert.Contains("retransmitted", run.Error, StringComparison.Ordinal);
        Assert.Equal(reported, json.Json.GetProperty("http_version").GetString());
        Assert.Equal(s_body.Length, json.Json.GetProperty("bytes").GetInt64());
        JsonElement info = json.Json.GetProperty("tcp_info");
        Assert.True(info.GetProperty("bytes_received").GetInt64() > s_body.Length);
        Assert.Equal([$"HTTP/{version} /", $"HTTP/{version} /"], server.Requests);
    }

    [Fact]
    public async Task Versions_that_do_not_fit_are_told_with_the_cause()
    {
        await using SecureServer server = await StartAsync("https", HttpProtocols.Http2);
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", server.Url(), "--cacert", server.CertificateFile, "--http", "1.1");

        Assert.Equal(52, await run.Ended);
        const string httpClientsWords = "usertcp get: An error occurred while sending the request.";
        Assert.StartsWith(httpClientsWords, run.Error, StringComparison.Ordinal);
        Assert.NotEqual(httpClientsWords, run.Error.Trim());
    }

    [Fact]
    public async Task A_certificate_that_nobody_signed_is_not_trusted()
    {
        await using SecureServer server = await StartAsync("https", HttpProtocols.Http1AndHttp2);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url());

        Assert.Equal(60, await run.Ended);
        Assert.Empty(run.Bytes);
        Assert.Empty(server.Requests);
        Assert.Contains("The certificate of localhost is not trusted", run.Error, StringComparison.Ordinal);
        Assert.Contains("--cacert", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_another_name_is_not_trusted()
    {
        await using SecureServer server = await StartAsync("https", HttpProtocols.Http1AndHttp2);
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", server.Url("127.0.0.1"), "--cacert", server.CertificateFile);

        Assert.Equal(60, await run.Ended);
        Assert.Empty(server.Requests);
        Assert.Contains(
            "The certificate of 127.0.0.1 is not trusted: it is another's.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_signs_itself_is_not_trusted_for_the_word_of_another()
    {
        await using SecureServer server = await StartAsync("https", HttpProtocols.Http1AndHttp2);
        string other = Path.Combine(Path.GetDirectoryName(server.CertificateFile)!, "other.pem");
        await File.WriteAllTextAsync(other, SecureServer.MakeCertificate().ExportCertificatePem());
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url(), "--cacert", other);

        Assert.Equal(60, await run.Ended);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    public async Task Any_certificate_will_do_for_who_says_so(string host)
    {
        await using SecureServer server = await StartAsync("https", HttpProtocols.Http1AndHttp2);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url(host), "-k", "-v");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(s_body, run.Bytes);
        Assert.Contains("> GET / HTTP/2", run.Error, StringComparison.Ordinal);
        Assert.Contains("< HTTP/2 200 OK", run.Error, StringComparison.Ordinal);
        Assert.Contains("< Content-Type: application/octet-stream", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/no/such/file.pem", "cannot be read")]
    [InlineData("/dev/null", "has no certificate")]
    public async Task Certificates_to_trust_that_cannot_be_read_are_told(string file, string words)
    {
        await using ToolRun run = await ToolRun.ToEndAsync("get", "https://localhost:1/", "--cacert", file);

        Assert.Equal(77, await run.Ended);
        Assert.Contains(words, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "2.0", 22, "--http2")]
    [InlineData(500, "1.1", 22, "--http1.1")]
    [InlineData(200, "2.0", 0, "--http2")]
    public async Task Errors_of_the_server_count_only_with_fail(int status, string version, int code, string option)
    {
        await using SecureServer server = await StartAsync("https", HttpProtocols.Http1AndHttp2, status);
        string[] line = ["get", server.Url(), "-k", option];
        await using ToolRun strict = await ToolRun.ToEndAsync([.. line, "-f"]);
        await using ToolRun lax = await ToolRun.ToEndAsync(line);

        Assert.Equal((code, 0), (await strict.Ended, await lax.Ended));
        Assert.Equal(code == 0 ? s_body : [], strict.Bytes);
        Assert.Equal(s_body, lax.Bytes);
        Assert.Contains($"HTTP/{version}", lax.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https", HttpProtocols.Http2, "--http2")]
    [InlineData("https", HttpProtocols.Http1, "--http1.1")]
    [InlineData("http", HttpProtocols.Http2, "--http2")]
    [InlineData("http", HttpProtocols.Http1, "--http1.1")]
    public async Task A_body_that_breaks_off_is_a_failure(string scheme, HttpProtocols spoken, string option)
    {
        var isSeen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using SecureServer server = await SecureServer.StartAsync(scheme, spoken, async context =>
        {
            context.Response.ContentLength = s_body.Length;
            await context.Response.Body.WriteAsync(s_body.AsMemory(0, 1000));
            await isSeen.Task;
            context.Abort();
        });
        await using ToolRun run = ToolRun.Start("get", server.Url(), "-k", "-v", option);
        await run.ErrorLineAsync("< Content-Length: 300000");
        isSeen.SetResult();

        Assert.Equal(56, await run.Ended);
        Assert.True(run.Bytes.Length <= 1000);
        Assert.Contains("The connection broke", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https", 35)] // TLS finds nothing to agree on
    [InlineData("http", 56)]
    public async Task A_server_that_does_not_speak_the_version_is_a_failure(string scheme, int code)
    {
        await using SecureServer server = await StartAsync(scheme, HttpProtocols.Http1);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url(), "-k", "--http2");

        Assert.Equal(code, await run.Ended);
        Assert.Empty(run.Bytes);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("https://localhost:1/", 7)]
    [InlineData("http://127.0.0.1:1/", 7)]
    [InlineData("https://name.invalid/", 6)]
    [InlineData("http://name.invalid/", 6)]
    public async Task Who_cannot_be_reached_is_told_with_the_codes_of_curl_in_every_version(string url, int code)
    {
        await using ToolRun first = await ToolRun.ToEndAsync("get", url, "--http1.1");
        await using ToolRun second = await ToolRun.ToEndAsync("get", url, "--http2", "--json");

        Assert.Equal((code, code), (await first.Ended, await second.Ended));
        Assert.Empty(second.Bytes);
        string words = code == 7 ? ":1 refused the connection." : "The name 'name.invalid' cannot be resolved";
        Assert.Contains(words, first.Error, StringComparison.Ordinal);
        Assert.Contains(words, second.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_leads_from_one_version_to_the_other()
    {
        await using SecureServer secure = await StartAsync("https", HttpProtocols.Http1AndHttp2);
        await using SecureServer plain = await SecureServer.StartAsync("http", HttpProtocols.Http1, context =>
        {
            context.Response.Redirect(secure.Url(path: "/moved"));
            return Task.CompletedTask;
        });
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", plain.Url(), "-L", "--cacert", secure.CertificateFile, "--json");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(["HTTP/1.1 /"], plain.Requests);
        Assert.Equal(["HTTP/2 /moved"], secure.Requests);
        Assert.Equal("2.0", run.Json.GetProperty("http_version").GetString());
        Assert.Equal(2, run.Json.GetProperty("connections").GetInt32());
    }

    [Theory]
    [InlineData("--http", "1.1", "--http2")]
    [InlineData("--http1.1", "--http2")]
    public async Task Two_versions_at_once_make_no_sense(params string[] options)
    {
        await using ToolRun run = await ToolRun.ToEndAsync(["get", "http://127.0.0.1:1/", .. options]);

        Assert.Equal(2, await run.Ended);
        Assert.Contains("Two versions", run.Error, StringComparison.Ordinal);
    }

    private static Task<SecureServer> StartAsync(string scheme, HttpProtocols protocols, int status = 200) =>
        SecureServer.StartAsync(scheme, protocols, async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = "application/octet-stream";
            await context.Response.Body.WriteAsync(s_body);
        });
}
