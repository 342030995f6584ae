using System.Security.Cryptography.X509Certificates;
using HttpGet;
using UserTcp.Tests.Gateway;

namespace UserTcp.Tests.Samples;

/// <summary>The whole sample, through the gateway, against servers of the operating system: what works.</summary>
public sealed class HttpGetSuccessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("usertcp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Without_arguments_it_demonstrates_itself()
    {
        // A machine that has no time for an acknowledgement must not make the stack send anything again.
        UserTcpConnectionOptions patient = new()
        {
            InitialRetransmitTimeout = TimeSpan.FromMinutes(1),
            MinRetransmitTimeout = TimeSpan.FromMinutes(1),
            LossRecovery = new UserTcpLossRecoveryOptions { TailLossProbe = false },
        };

        SampleRun run = await SampleRun.RunAsync([], new GetSettings { Connections = patient });

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.StartsWith("<!DOCTYPE html>", run.Output, StringComparison.Ordinal);
        string[] told =
        [
            "10.0.2.15/24", "gateway 10.0.2.2", "10.0.2.2 is at ", "syn-ack", "mss 14", "sack", "rtt ", "200 OK",
            "retransmitted 0",
        ];
        Assert.All(told, expected => Assert.Contains(expected, run.Error, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Help_goes_to_the_standard_output_and_is_a_success()
    {
        SampleRun run = await SampleRun.RunAsync("--help");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("--capture <FILE.pcapng>", run.Output, StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nhello", "hello")]
    [InlineData("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello", "hello")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "")]
    public async Task A_page_goes_to_the_standard_output(string answer, string body)
    {
        await using OsServer server = WebServer.Answering(answer);

        SampleRun run = await SampleRun.RunAsync($"localhost:{server.Port}/page");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal(body, run.Output);
    }

    [Fact]
    public async Task A_page_goes_to_a_file_once_however_often_it_is_fetched()
    {
        await using OsServer server = WebServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        string file = Path.Combine(_folder, "page.html");
        await File.WriteAllTextAsync(file, "something longer from before");

        SampleRun run = await SampleRun.RunAsync($"http://127.0.0.1:{server.Port}/", "--output", file, "--repeat", "3");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Empty(run.Output);
        Assert.Equal("hello", await File.ReadAllTextAsync(file));
        Assert.Equal(3, server.Accepted);
        Assert.Contains("3 of 3 fetched", run.Error, StringComparison.Ordinal);
        Assert.Contains("median", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_page_arrives_whole()
    {
        string body = string.Concat(Enumerable.Range(0, 500_000).Select(number => $"{number}\n"));
        await using OsServer server = WebServer.Answering(
            $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}");

        SampleRun run = await SampleRun.RunAsync(
            [$"http://localhost:{server.Port}/"], new GetSettings { ShowProgress = true });

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.True(body == run.Output, "The page is not what the server sent.");
    }

    [Fact]
    public async Task A_capture_is_written_and_named()
    {
        string file = Path.Combine(_folder, "get.pcapng");

        SampleRun run = await SampleRun.RunAsync("--capture", file);

        Assert.Equal(ExitCode.Ok, run.Code);
        byte[] capture = await File.ReadAllBytesAsync(file);
        Assert.Equal([0x0a, 0x0d, 0x0d, 0x0a], capture[..4]);
        Assert.True(capture.AsSpan().IndexOf("GET / HTTP/1.1"u8) > 0, "The request is not in the capture.");
        Assert.True(capture.AsSpan().IndexOf("HTTP/1.1 200 OK"u8) > 0, "The answer is not in the capture.");
        Assert.Contains($"wireshark {file}", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verbose_shows_headers_and_logs_and_hides_control_characters()
    {
        await using OsServer server = WebServer.Answering(
            "HTTP/1.1 200 OK\r\nX-Evil: \u001b[2Jgone\r\nContent-Length: 0\r\n\r\n");

        SampleRun run = await SampleRun.RunAsync($"http://localhost:{server.Port}/", "--verbose");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("> GET / HTTP/1.1", run.Error, StringComparison.Ordinal);
        Assert.Contains("< X-Evil: ?[2Jgone", run.Error, StringComparison.Ordinal);
        Assert.Contains("* debug UserTcp.Gateway:", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_addresses_of_the_built_in_network_can_be_chosen()
    {
        SampleRun run = await SampleRun.RunAsync(
            "--address", "192.0.2.7/28", "--gateway", "192.0.2.1", "--mac", "02:00:00:00:00:07");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Contains("192.0.2.7/28  gateway 192.0.2.1", run.Error, StringComparison.Ordinal);
        Assert.Contains("02:00:00:00:00:07", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Five_redirects_are_followed_relative_ones_too()
    {
        string other = "";
        await using OsServer server = WebServer.Answering(path => path switch
        {
            "/a/1" => Redirect(301, "2"),
            "/a/2" => Redirect(302, "/b/3?q=1"),
            "/b/3?q=1" => Redirect(303, "?q=2"),
            "/b/3?q=2" => Redirect(307, $"//{other}/4"),
            "/4" => Redirect(308, $"http://{other}/end#part"),
            "/end" => "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone",
            _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        });
        other = $"localhost:{server.Port}";

        SampleRun run = await SampleRun.RunAsync($"http://127.0.0.1:{server.Port}/a/1");

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal("done", run.Output);
    }

    [Fact]
    public async Task A_page_over_TLS_is_fetched_also_by_a_redirect_from_http()
    {
        using X509Certificate2 certificate = WebServer.CertificateFor("localhost");
        await using OsServer secure = WebServer.Answering(
            certificate, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
        await using OsServer plain = WebServer.Answering(Redirect(301, $"https://localhost:{secure.Port}/"));
        X509ChainPolicy trust = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { certificate },
        };

        SampleRun run = await SampleRun.RunAsync(
            [$"http://localhost:{plain.Port}/"], new GetSettings { Trust = trust });

        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.Equal("secret", run.Output);
        Assert.Contains("Tls1", run.Error, StringComparison.Ordinal);
    }

    private static string Redirect(int status, string location) =>
        $"HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone";
}
