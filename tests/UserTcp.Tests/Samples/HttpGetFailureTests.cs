using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using HttpGet;
using UserTcp.Tests.Gateway;

namespace UserTcp.Tests.Samples;

/// <summary>The whole sample: each exit code that can be provoked, one line for each error.</summary>
public sealed class HttpGetFailureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("usertcp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData((int)ExitCode.UnknownProtocol, "ftp://example.org/")]
    [InlineData((int)ExitCode.UnknownProtocol, "file:///etc/passwd")]
    [InlineData((int)ExitCode.Usage, "--nonsense")]
    [InlineData((int)ExitCode.Usage, "http://a/", "http://b/")]
    [InlineData((int)ExitCode.Usage, "--repeat", "0")]
    [InlineData((int)ExitCode.Usage, "--repeat", "many")]
    [InlineData((int)ExitCode.Usage, "--link", "carrier-pigeon")]
    [InlineData((int)ExitCode.Usage, "--link", "pcap:")]
    [InlineData((int)ExitCode.Usage, "--link", "pcap:eth0")]
    [InlineData((int)ExitCode.Usage, "http://a/", "--link", "pcap:eth0")]
    [InlineData((int)ExitCode.Usage, "--address", "10.0.2")]
    [InlineData((int)ExitCode.Usage, "--address", "10.0.2.15/33")]
    [InlineData((int)ExitCode.Usage, "--address", "172.16.0.5/24")]
    [InlineData((int)ExitCode.Usage, "--gateway", "router")]
    [InlineData((int)ExitCode.Usage, "--mac", "02:00")]
    [InlineData((int)ExitCode.Usage, "--mac", "ff:ff:ff:ff:ff:ff")]
    [InlineData((int)ExitCode.BadUrl, "http://")]
    [InlineData((int)ExitCode.BadUrl, "http://[::1")]
    [InlineData((int)ExitCode.BadUrl, "http://host:port/")]
    [InlineData((int)ExitCode.BadUrl, "http://10.0.2.2:0/")]
    [InlineData((int)ExitCode.BadUrl, "http://user:password@10.0.2.2/")]
    [InlineData((int)ExitCode.NameNotResolved, "http://no-such-name.invalid/")]
    [InlineData((int)ExitCode.CannotConnect, "http://[2001:db8::1]/")]
    public async Task A_command_line_that_cannot_work_has_its_own_exit_code(int code, params string[] args)
    {
        SampleRun run = await SampleRun.RunAsync(args);

        Assert.Equal(code, (int)run.Code);
        Assert.NotEmpty(run.FailureLine);
        Assert.DoesNotContain(" at HttpGet.", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_7()
    {
        using ClosedPort closed = new();

        SampleRun run = await SampleRun.RunAsync($"http://localhost:{closed.Number}/");

        Assert.Equal(ExitCode.CannotConnect, run.Code);
        Assert.Contains($"127.0.0.1:{closed.Number} refused the connection", run.FailureLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)ExitCode.CutShort, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")]
    [InlineData((int)ExitCode.CutShort, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData((int)ExitCode.EmptyReply, "")]
    [InlineData((int)ExitCode.ReceiveFailed, "SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData((int)ExitCode.ReceiveFailed, "HTTP/1.1 200 OK\r\nContent-")]
    [InlineData((int)ExitCode.UnknownProtocol, "HTTP/1.1 302 Found\r\nLocation: gopher://example.org/\r\n\r\n")]
    [InlineData((int)ExitCode.BadUrl, "HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n")]
    [InlineData((int)ExitCode.TooManyRedirects, "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")]
    public async Task An_answer_that_is_wrong_has_its_own_exit_code(int code, string answer)
    {
        await using OsServer server = WebServer.Answering(answer);

        SampleRun run = await SampleRun.RunAsync($"http://localhost:{server.Port}/");

        Assert.Equal(code, (int)run.Code);
        Assert.NotEmpty(run.FailureLine);
        Assert.Equal(code == (int)ExitCode.TooManyRedirects ? 6 : 1, server.Accepted);
    }

    [Fact]
    public async Task A_reset_in_the_middle_is_56()
    {
        TaskCompletionSource received = new();
        await using OsServer server = new(async (socket, token) =>
        {
            await using NetworkStream stream = new(socket);
            await WebServer.ReadRequestAsync(stream, token);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"u8.ToArray(), token);
            await received.Task.WaitAsync(token);
            OsServer.Reset(socket);
        });
        using SignalStream output = new(received);

        SampleRun run = await SampleRun.RunAsync([$"http://localhost:{server.Port}/"], settings: null, output);

        Assert.Equal(ExitCode.ReceiveFailed, run.Code);
        Assert.Contains("reset", run.FailureLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_output_that_cannot_be_written_is_23()
    {
        await using OsServer server = WebServer.Answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        string url = $"http://localhost:{server.Port}/";
        string missing = Path.Combine(_folder, "no", "such", "folder", "file");
        using MemoryStream full = new(new byte[3]);

        Assert.Equal(ExitCode.CannotWrite, (await SampleRun.RunAsync(url, "--output", missing)).Code);
        Assert.Equal(ExitCode.CannotWrite, (await SampleRun.RunAsync(url, "--output", _folder)).Code);
        Assert.Equal(ExitCode.CannotWrite, (await SampleRun.RunAsync(url, "--capture", missing)).Code);
        Assert.Equal(ExitCode.CannotWrite, (await SampleRun.RunAsync([url], settings: null, full)).Code);
        if (OperatingSystem.IsLinux())
        {
            Assert.Equal(ExitCode.CannotWrite, (await SampleRun.RunAsync(url, "--output", "/dev/full")).Code);
            Assert.Equal(ExitCode.CannotWrite, (await SampleRun.RunAsync(url, "--capture", "/dev/full")).Code);
        }
    }

    [Fact]
    public async Task A_host_that_does_not_answer_is_28()
    {
        using SilentPort silent = new();

        SampleRun run = await SampleRun.RunAsync(
            [$"http://localhost:{silent.EndPoint.Port}/"],
            new GetSettings { ConnectTimeout = TimeSpan.FromMilliseconds(300) });

        Assert.Equal(ExitCode.TimedOut, run.Code);
        Assert.Contains("did not answer", run.FailureLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("https")]
    public async Task A_server_that_falls_silent_is_28(string scheme)
    {
        await using OsServer server = new(async (socket, token) => await Task.Delay(Timeout.Infinite, token));
        GetSettings impatient = new()
        {
            Silence = TimeSpan.FromMilliseconds(300), ConnectTimeout = TimeSpan.FromSeconds(3),
        };

        SampleRun run = await SampleRun.RunAsync([$"{scheme}://localhost:{server.Port}/"], impatient);

        Assert.Equal(ExitCode.TimedOut, run.Code);
        Assert.NotEmpty(run.FailureLine);
    }

    [Fact]
    public async Task A_server_without_TLS_or_with_a_certificate_nobody_knows_is_35()
    {
        using X509Certificate2 certificate = WebServer.CertificateFor("localhost");
        await using OsServer unknown = WebServer.Answering(certificate, "HTTP/1.1 204 OK\r\n\r\n");
        await using OsServer plain = new(async (socket, token) =>
            await socket.SendAsync(Encoding.ASCII.GetBytes("220 this is not TLS\r\n"), token));

        SampleRun distrusted = await SampleRun.RunAsync($"https://localhost:{unknown.Port}/");
        SampleRun notTls = await SampleRun.RunAsync($"https://localhost:{plain.Port}/");

        Assert.Equal(ExitCode.TlsFailed, distrusted.Code);
        Assert.Contains("certificate", distrusted.FailureLine, StringComparison.Ordinal);
        Assert.Equal(ExitCode.TlsFailed, notTls.Code);
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

        SampleRun run = await SampleRun.RunAsync(
            [$"http://localhost:{server.Port}/"], settings: null, cancellationToken: interrupted.Token);

        Assert.Equal(ExitCode.Interrupted, run.Code);
        Assert.Equal(SocketError.ConnectionReset, await serverSaw.Task);
    }

    /// <summary>Tells when the first byte of a body was written.</summary>
    private sealed class SignalStream(TaskCompletionSource signal) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            signal.TrySetResult();
            return base.WriteAsync(buffer, cancellationToken);
        }
    }
}
