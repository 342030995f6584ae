using System.Net;
using System.Net.Sockets;
using System.Text;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Api;

/// <summary>The platform's HTTP client over two stacks: what it makes of our connections and errors.</summary>
[Collection(RealTime.Name)]
public sealed class HttpHandlerTests : IAsyncLifetime
{
    private const int Hang = 300_000;
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    private static readonly Uri s_server = new($"http://{StackPair.ServerAddress}/");

    private readonly CancellationTokenSource _end = new();
    private StackPair _pair = null!;

    public async ValueTask InitializeAsync() => _pair = await StackPair.OpenAsync();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _pair.DisposeAsync();
        _end.Dispose();
    }

    [Fact(Timeout = Hang)]
    public async Task One_connection_carries_many_requests()
    {
        Task<UserTcpConnection> accept = await ServeAsync();
        using HttpClient client = _pair.Client.CreateHttpClient();
        for (int i = 0; i < 3; i++)
            Assert.Equal("hello", await client.GetStringAsync(s_server));

        Assert.Equal(1, _pair.Server.GetStatistics().ConnectionsAccepted);
        Assert.Equal(StackPair.ClientAddress, (await accept).RemoteEndPoint.Address);
    }

    [Fact(Timeout = Hang)]
    public async Task A_blocking_request_works_too()
    {
        await ServeAsync();
        using HttpClient client = _pair.Client.CreateHttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, s_server);
        using HttpResponseMessage response = await Task.Run(() => client.Send(request));

        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task Names_are_resolved_by_the_delegate_and_its_addresses_tried_in_turn()
    {
        await ServeAsync();
        var asked = new List<string>();
        using HttpClient client = _pair.Client.CreateHttpClient(new UserTcpHttpOptions
        {
            Resolver = (host, _) =>
            {
                asked.Add(host);
                IPAddress[] nobodys = [IPAddress.IPv6Loopback, IPAddress.Loopback, IPAddress.Parse("10.0.0.255")];
                return new([.. nobodys, StackPair.ServerAddress]);
            },
        });

        Assert.Equal("hello", await client.GetStringAsync("http://server.test/"));
        Assert.Equal("hello", await client.GetStringAsync(s_server));
        Assert.Equal(["server.test"], asked);
    }

    [Fact(Timeout = Hang)]
    public async Task Without_a_delegate_the_system_resolves()
    {
        using HttpClient client = _pair.Client.CreateHttpClient();

        // It knows this name everywhere; on the stack's own network nobody answers for its address.
        HttpRequestException error = await FailsAsync(client, new Uri("http://localhost/"));
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
    }

    [Theory(Timeout = Hang)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_name_without_address_is_a_failed_resolution(bool isThrown)
    {
        using HttpClient client = _pair.Client.CreateHttpClient(new UserTcpHttpOptions
        {
            Resolver = (_, _) => isThrown ? throw new SocketException((int)SocketError.HostNotFound) : new([]),
        });

        HttpRequestException error = await FailsAsync(client, new Uri("http://nowhere.test/"));
        Assert.Equal(HttpRequestError.NameResolutionError, error.HttpRequestError);
    }

    [Fact(Timeout = Hang)]
    public async Task Nobody_listening_is_a_connection_error_around_the_refusal()
    {
        using HttpClient client = _pair.Client.CreateHttpClient();

        HttpRequestException error = await FailsAsync(client, s_server);
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        AssertCode(SocketError.ConnectionRefused, error.InnerException);
    }

    [Theory(Timeout = Hang)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_connect_timeout_is_told_as_such_while_connecting_and_while_resolving(bool isResolving)
    {
        using SocketsHttpHandler handler = _pair.Client.CreateHttpHandler(new UserTcpHttpOptions
        {
            Resolver = async (_, token) =>
            {
                // A resolver that wraps its token in one of its own, as many do.
                using var own = CancellationTokenSource.CreateLinkedTokenSource(token);
                if (isResolving)
                    await Task.Delay(Timeout.Infinite, own.Token);
                return [IPAddress.Parse("10.0.0.77")]; // an address that nobody has
            },
        });
        handler.ConnectTimeout = TimeSpan.FromMilliseconds(1);
        using var client = new HttpClient(handler);

        var error = await Assert.ThrowsAsync<TaskCanceledException>(() => client.GetAsync("http://silent.test/"));
        Assert.Contains("ConnectTimeout", Assert.IsType<TimeoutException>(error.InnerException).Message,
            StringComparison.Ordinal);
    }

    [Fact(Timeout = Hang)]
    public async Task A_connection_option_reaches_the_connection()
    {
        using HttpClient client = _pair.Client.CreateHttpClient(new UserTcpHttpOptions
        {
            ConnectionOptions = new UserTcpConnectionOptions { ConnectTimeout = TimeSpan.FromMilliseconds(1) },
        });

        HttpRequestException error = await FailsAsync(client, new Uri("http://10.0.0.77/"));
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        AssertCode(SocketError.TimedOut, error.InnerException);
    }

    [Fact(Timeout = Hang)]
    public async Task A_stack_that_is_gone_is_a_connection_error()
    {
        using HttpClient client = _pair.Client.CreateHttpClient();
        await _pair.Client.DisposeAsync();

        HttpRequestException error = await FailsAsync(client, s_server);
        Assert.Equal(HttpRequestError.ConnectionError, error.HttpRequestError);
        Assert.IsType<ObjectDisposedException>(error.InnerException);
    }

    [Fact]
    public void A_wrong_option_is_heard_of_at_once()
    {
        var options = new UserTcpHttpOptions { ConnectionOptions = new UserTcpConnectionOptions { TimeToLive = 0 } };

        Assert.ThrowsAny<ArgumentException>(() => _pair.Client.CreateHttpHandler(options));
    }

    [Fact(Timeout = Hang)]
    public async Task A_reset_in_the_body_is_an_error_around_the_reset()
    {
        await ServeAsync("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", connection => connection.Abort());
        using HttpClient client = _pair.Client.CreateHttpClient();
        using HttpResponseMessage response = await client.GetAsync(s_server, HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await response.Content.ReadAsStreamAsync();

        var error = await Assert.ThrowsAnyAsync<IOException>(() => body.CopyToAsync(Stream.Null));
        AssertCode(SocketError.ConnectionReset, error.GetBaseException());
    }

    [Fact(Timeout = Hang)]
    public async Task An_end_in_the_body_is_an_early_end()
    {
        await ServeAsync(
            "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", connection => connection.Output.Complete());
        using HttpClient client = _pair.Client.CreateHttpClient();

        HttpRequestException error = await FailsAsync(client, s_server);
        Assert.Equal(HttpRequestError.ResponseEnded, error.HttpRequestError);
    }

    [Fact(Timeout = Hang)]
    public async Task A_request_that_is_cancelled_lets_go_of_its_connection()
    {
        Task<UserTcpConnection> accept = await ServeAsync(answer: "", _ => { });
        using HttpClient client = _pair.Client.CreateHttpClient();
        using var source = new CancellationTokenSource();
        Task<string> pending = client.GetStringAsync(s_server, source.Token);
        UserTcpConnection server = await accept;
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        Assert.Equal(UserTcpCloseReason.Graceful, await server.InputClosed);
    }

    private static void AssertCode(SocketError code, Exception? error) =>
        Assert.Equal(code, Assert.IsAssignableFrom<SocketException>(error).SocketErrorCode);

    private static Task<HttpRequestException> FailsAsync(HttpClient client, Uri url) =>
        Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(url));

    /// <summary>Answers every request of every connection; the task is the first connection.</summary>
    private async Task<Task<UserTcpConnection>> ServeAsync(
        string answer = Answer, Action<UserTcpConnection>? then = null)
    {
        UserTcpListener listener = await _pair.Server.ListenAsync(80);
        var first = new TaskCompletionSource<UserTcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = Task.Run(async () =>
        {
            await foreach (UserTcpConnection connection in listener.AcceptAllAsync(_end.Token))
                _ = AnswerAsync(connection, first, answer, then);
        });
        return first.Task;
    }

    private static async Task AnswerAsync(
        UserTcpConnection connection, TaskCompletionSource<UserTcpConnection> first, string answer,
        Action<UserTcpConnection>? then)
    {
        using var reader = new StreamReader(connection.Input.AsStream(leaveOpen: true), Encoding.ASCII);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.Length > 0)
                continue;

            await connection.Output.WriteAsync(Encoding.ASCII.GetBytes(answer));
            if (then is not null)
            {
                await Task.WhenAny(connection.InputClosed, AllIsAcknowledgedAsync(connection));
                then(connection);
            }

            first.TrySetResult(connection);
        }
    }

    // What a reset overtakes is lost: the peer has to have it first. Who writes may leave the sending to others, so
    // that nothing is in flight yet.
    private static async Task AllIsAcknowledgedAsync(UserTcpConnection connection)
    {
        while (connection.GetInfo() is { BytesInFlight: > 0 } or { BytesQueued: > 0 })
            await Task.Yield();
    }
}
