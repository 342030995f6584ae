using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using UserTcp.Tool.Tests.Support;

namespace UserTcp.Tool.Tests.Commands;

public sealed class GetTests
{
    private static readonly byte[] s_body = [.. Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31 + i / 251))];

    private static string Head(string status = "200 OK") => $"""
        HTTP/1.1 {status}
        Content-Type: application/octet-stream
        Content-Length: {s_body.Length}
        Connection: close
        """;

    [Fact]
    public async Task The_body_goes_to_the_output_and_the_report_beside_it()
    {
        await using var server = new WebServer(Head(), s_body);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "-H", "X-Test: yes", "-v");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(s_body, run.Bytes);
        Assert.Contains("X-Test: yes", server.LastRequest, StringComparison.Ordinal);
        Assert.Contains("< Content-Length: 300000", run.Error, StringComparison.Ordinal);
        Assert.Contains("http  200 OK  HTTP/1.1  300,000 B", run.Error, StringComparison.Ordinal);
        // A machine that is late lets timers send segments again: how many is not the command's.
        Assert.Matches(@"segments \d+ out, \d+ in  retransmitted \d+\s*$", run.Error);
    }

    [Fact]
    public async Task The_body_goes_to_a_file_and_every_frame_to_another()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string page = Path.Combine(folder, "page");
            string capture = Path.Combine(folder, "get.pcapng");
            await using var server = new WebServer(Head(), s_body);
            await using ToolRun run = await ToolRun.ToEndAsync(
                "get", server.Url, "-o", page, "--capture", capture, "--json");

            Assert.Equal(0, await run.Ended);
            Assert.Equal(s_body, await File.ReadAllBytesAsync(page));
            Assert.True(new FileInfo(capture).Length > s_body.Length);
            Assert.Equal(200, run.Json.GetProperty("status").GetInt32());
            Assert.True(run.Json.GetProperty("tcp_info").GetProperty("bytes_received").GetInt64() > s_body.Length);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("404 Not Found", 22)]
    [InlineData("500 Internal Server Error", 22)]
    [InlineData("200 OK", 0)]
    public async Task Errors_of_the_server_count_only_with_fail(string status, int code)
    {
        await using var server = new WebServer(Head(status), s_body);
        await using ToolRun strict = await ToolRun.ToEndAsync("get", server.Url, "-f");
        await using ToolRun lax = await ToolRun.ToEndAsync("get", server.Url);

        Assert.Equal(code, await strict.Ended);
        Assert.Equal(0, await lax.Ended);
        Assert.Equal(s_body, lax.Bytes);
    }

    [Fact]
    public async Task A_body_that_ends_too_early_is_a_failure()
    {
        await using var server = new WebServer(Head(), s_body[..1000]);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url);

        Assert.Equal(18, await run.Ended);
        Assert.Contains("The connection broke", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_circle_of_redirects_ends()
    {
        await using var server = new WebServer(
            "HTTP/1.1 302 Found\nLocation: /\nContent-Length: 0\nConnection: close", []);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "-L");

        Assert.Equal(47, await run.Ended);
    }

    [Theory]
    [InlineData("ftp://10.0.2.2/", 1)]
    [InlineData("http://", 3)]
    [InlineData("http://127.0.0.1:1/", 7)]
    [InlineData("http://[::1]/", 7)]
    [InlineData("https://name.invalid/", 6)]
    public async Task Exit_codes_are_those_of_curl(string url, int code)
    {
        await using ToolRun run = await ToolRun.ToEndAsync("get", url);

        Assert.Equal(code, await run.Ended);
    }

    [Fact]
    public async Task A_server_without_TLS_fails_the_handshake()
    {
        await using var server = new WebServer(Head(), s_body);
        string url = server.Url.Replace("http://", "https://", StringComparison.Ordinal);
        await using ToolRun run = await ToolRun.ToEndAsync("get", url, "-k", "-m", "20");

        Assert.Equal(35, await run.Ended);
        Assert.DoesNotContain("inner exception", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_handshake_that_is_broken_off_is_a_failure_of_TLS(bool resets)
    {
        await using var server = new WebServer("", []) { IsSilent = true, Resets = resets };
        string url = server.Url.Replace("http://", "https://", StringComparison.Ordinal);
        await using ToolRun run = await ToolRun.ToEndAsync("get", url, "-k", "-m", "60");

        Assert.Equal(35, await run.Ended);
        Assert.Contains("The TLS handshake with 127.0.0.1 failed: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("inner exception", run.Error, StringComparison.Ordinal);
        Assert.Contains(resets ? "reset" : "EOF", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user:password@", "user:password")]
    [InlineData("us%20er:p%40ss:w%2F%C3%BC@", "us er:p@ss:w/\u00fc")]
    [InlineData("user@", "user:")]
    [InlineData(":password@", ":password")]
    public async Task User_and_password_of_the_URL_are_sent_as_Basic(string given, string plain)
    {
        await using var server = new WebServer(Head(), s_body);
        string url = server.Url.Replace("http://", $"http://{given}", StringComparison.Ordinal);
        await using ToolRun run = await ToolRun.ToEndAsync("get", url, "--json");

        Assert.Equal(0, await run.Ended);
        string basic = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(plain));
        Assert.Contains($"Authorization: Basic {basic}\r\n", server.LastRequest, StringComparison.Ordinal);
        Assert.Equal(server.Url, run.Json.GetProperty("url").GetString());
    }

    [Fact]
    public async Task A_header_field_of_the_users_goes_before_what_the_URL_names()
    {
        await using var server = new WebServer(Head(), s_body);
        string url = server.Url.Replace("http://", "http://user:password@", StringComparison.Ordinal);
        await using ToolRun run = await ToolRun.ToEndAsync("get", url, "-H", "authorization: Bearer x");

        Assert.Equal(0, await run.Ended);
        Assert.Contains("Authorization: Bearer x\r\n", server.LastRequest, StringComparison.Ordinal);
        Assert.DoesNotContain("Basic", server.LastRequest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_origin_hears_the_credentials_after_a_redirect_and_another_one_does_not()
    {
        List<string> heard = [];
        await using SecureServer other = await SecureServer.StartAsync(
            "http", HttpProtocols.Http1, context => Hear("other", context));
        await using SecureServer first = await SecureServer.StartAsync("http", HttpProtocols.Http1, async context =>
        {
            await Hear("first", context);
            context.Response.Redirect(context.Request.Path == "/" ? "/again" : other.Url("127.0.0.1"));
        });
        await using ToolRun run = await ToolRun.ToEndAsync(
            "get", first.Url("user:password@127.0.0.1"), "-L", "--json");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(["first Basic dXNlcjpwYXNzd29yZA==", "first Basic dXNlcjpwYXNzd29yZA==", "other "], heard);
        Assert.Equal(other.Url("127.0.0.1"), run.Json.GetProperty("url").GetString());

        Task Hear(string name, HttpContext context)
        {
            heard.Add($"{name} {context.Request.Headers.Authorization}");
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_dash_is_the_standard_output()
    {
        await using var server = new WebServer(Head(), s_body);
        await using ToolRun run = await ToolRun.ToEndAsync("get", server.Url, "-o", "-");

        Assert.Equal(0, await run.Ended);
        Assert.Equal(s_body, run.Bytes);
        Assert.False(File.Exists("-"));
    }
}
