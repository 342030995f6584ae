using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using HttpGet;
using UserTcp.Tests.Gateway;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Samples;

/// <summary>The whole sample, through the gateway, against servers of the operating system.</summary>
[Collection(RealTime.Name)]
public sealed class HttpGetTests : IDisposable
{
    private readonly MemoryStream _output = new();
    private readonly StringWriter _error = new();

    private string Body => Encoding.Latin1.GetString(_output.ToArray());

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    [Fact]
    public async Task Without_arguments_it_demonstrates_itself_and_tells_what_happened_below_HTTP()
    {
        Assert.Equal(0, await RunAsync());
        Assert.StartsWith("<!DOCTYPE html>", Body, StringComparison.Ordinal);
        string[] told =
        [
            "10.0.2.15/24  gateway 10.0.2.2", "10.0.2.2 is at ", "syn-ack", "mss 14", "sack", "wscale ", "rtt ",
            "200 OK", $"{Body.Length} B", "first byte ", "retransmitted ",
        ];
        Assert.All(told, expected => Assert.Contains(expected, _error.ToString(), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello")]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello and more", "hello")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: t\r\n\r\n", "hello")]
    [InlineData("HTTP/1.0 200\r\n\r\nhello", "hello")]
    [InlineData("HTTP/1.1 200 OK\n\nhello", "hello")]
    [InlineData("HTTP/1.1 103 Hints\r\nContent-Length: 1\r\n\r\nHTTP/1.1 404 No\r\n\r\nhello", "hello")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "")]
    public async Task A_page_goes_to_the_standard_output_however_its_end_is_told(string answer, string body)
    {
        await using OsServer server = WebServer.Answering(answer);

        Assert.Equal(0, await RunAsync($"http://localhost:{server.Port}/page"));
        Assert.Equal(body, Body);
        Assert.Contains($"  body     {body.Length} B", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_request_names_the_host_and_the_page_and_a_long_page_arrives_whole()
    {
        string body = string.Concat(Enumerable.Range(0, 200_000).Select(number => $"{number}\n"));
        await using OsServer server = WebServer.Answering(page => page == "/a%20b?c=d"
            ? $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}" : "HTTP/1.1 404 Not Found\r\n\r\n");

        Assert.Equal(0, await RunAsync($"http://localhost:{server.Port}/a b?c=d#e"));
        Assert.True(body == Body, "The page is not what the server sent.");
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", "45 bytes are missing")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "a length that is none")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "2 bytes are missing")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "a length that is none")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", "longer than it says")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "not asked for")]
    [InlineData("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "makes no sense")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-", "ended within a line")]
    [InlineData("", "ended within a line")]
    [InlineData("SSH-2.0-\u001b[2J\r\n", "did not answer in HTTP/1: SSH-2.0-?[2J")]
    public async Task An_answer_that_is_wrong_is_a_line_and_exit_code_1(string answer, string words)
    {
        await using OsServer server = WebServer.Answering(answer);

        Assert.Equal(1, await RunAsync($"http://localhost:{server.Port}/"));
        Assert.StartsWith("HttpGet: ", LastLine(), StringComparison.Ordinal);
        Assert.Contains(words, LastLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_never_ends_a_line_or_its_header_is_left()
    {
        await using OsServer line = WebServer.Answering("HTTP/1.1 200 " + new string('x', 100_000));
        await using OsServer header = WebServer.Answering("HTTP/1.1 200 OK\r\n"
            + string.Concat(Enumerable.Range(0, 300).Select(number => $"X-{number}: y\r\n")) + "\r\n");

        Assert.Equal(1, await RunAsync($"http://localhost:{line.Port}/"));
        Assert.Contains("more than 8 KiB", LastLine(), StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync($"http://localhost:{header.Port}/"));
        Assert.Contains("too many", LastLine(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ftp://example.org/", "use http or https")]
    [InlineData("nonsense", "URI")]
    [InlineData("http://no-such-name.invalid/", "no-such-name.invalid")]
    public async Task A_URL_that_cannot_work_is_a_line_and_exit_code_1(string url, string words)
    {
        Assert.Equal(1, await RunAsync(url));
        Assert.StartsWith("HttpGet: ", LastLine(), StringComparison.Ordinal);
        if (words != "no-such-name.invalid") // the words for it are the system's
            Assert.Contains(words, LastLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_and_a_link_that_is_none_are_told()
    {
        using ClosedPort closed = new();

        Assert.Equal(1, await RunAsync($"http://localhost:{closed.Number}/"));
        Assert.Contains("refused", LastLine(), StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync("http://10.0.0.1/", "--link", "packet:none", "--address", "10.0.0.2/24"));
        Assert.Contains("none", LastLine(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_capture_has_the_request_and_the_answer()
    {
        string file = Path.GetTempFileName();
        try
        {
            Assert.Equal(0, await RunAsync("--capture", file));
            byte[] capture = await File.ReadAllBytesAsync(file);
            Assert.Equal([0x0a, 0x0d, 0x0d, 0x0a], capture[..4]);
            Assert.True(capture.AsSpan().IndexOf("GET / HTTP/1.1"u8) > 0, "The request is not in the capture.");
            Assert.True(capture.AsSpan().IndexOf("HTTP/1.1 200 OK"u8) > 0, "The answer is not in the capture.");
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_page_over_TLS_is_fetched_where_the_certificate_is_trusted()
    {
        using X509Certificate2 certificate = WebServer.CertificateFor("localhost");
        await using OsServer server = WebServer.Answering(
            certificate, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
        string url = $"https://localhost:{server.Port}/";
        X509ChainPolicy trust = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { certificate },
        };

        Assert.Equal(1, await RunAsync(url));
        Assert.Contains("certificate", LastLine(), StringComparison.Ordinal);
        Assert.Equal(0, await Program.RunAsync([url], _output, _error, trust));
        Assert.Equal("secret", Body);
        Assert.Contains("Tls1", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupting_resets_the_connection_and_is_130()
    {
        using CancellationTokenSource interrupted = new();
        TaskCompletionSource<SocketError> serverSaw = new();
        await using OsServer server = new(async (socket, token) =>
        {
            await using NetworkStream stream = new(socket);
            await WebServer.ReadRequestAsync(stream, token);
            await interrupted.CancelAsync();
            try
            {
                await socket.ReceiveAsync(new byte[1], token);
                serverSaw.SetResult(SocketError.Success);
            }
            catch (SocketException error)
            {
                serverSaw.SetResult(error.SocketErrorCode);
            }
        });

        int code = await Program.RunAsync(
            [$"http://localhost:{server.Port}/"], _output, _error, stop: interrupted.Token);

        Assert.Equal(130, code);
        Assert.Equal(SocketError.ConnectionReset, await serverSaw.Task);
    }

    private Task<int> RunAsync(params string[] args) => Program.RunAsync(args, _output, _error);

    private string LastLine() => _error.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
}
