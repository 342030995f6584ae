using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using UserTcp.Diagnostics;
using UserTcp.Tests.Api;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Diagnostics;

/// <summary>The spans of connect, listen and resolve. A listener sees all, and looks for its own.</summary>
[Collection(RealTime.Name)]
public sealed class SpanTests
{
    private const string Connect = "tcp connect ";
    private const StringComparison Ordinal = StringComparison.Ordinal;

    [Fact]
    public async Task A_connect_has_a_span_with_its_ends_and_the_resolution_as_its_child()
    {
        using var spans = new SpanList();
        using var parent = new Activity("test").Start();
        await using StackPair pair = await StackPair.OpenAsync();

        (UserTcpConnection client, UserTcpConnection _) = await pair.ConnectAsync();

        Activity connect = Assert.Single(spans.Of(parent), span => span.OperationName.StartsWith(Connect, Ordinal));
        Assert.Equal($"tcp connect {client.RemoteEndPoint}", connect.DisplayName);
        Assert.Equal("10.0.0.1", connect.GetTagItem("network.local.address"));
        Assert.Equal(client.LocalEndPoint.Port, connect.GetTagItem("network.local.port"));
        Assert.Equal("tcp", connect.GetTagItem("network.transport"));
        Assert.Equal(ActivityStatusCode.Unset, connect.Status);
        Activity resolve = Assert.Single(spans.Of(parent), span => span.DisplayName == "arp resolve 10.0.0.2");
        Assert.Equal(connect.SpanId, resolve.ParentSpanId);
        Assert.Equal(ActivityStatusCode.Unset, resolve.Status);
    }

    [Fact]
    public async Task A_listen_has_a_span_with_the_port_that_was_chosen()
    {
        using var spans = new SpanList();
        using var parent = new Activity("test").Start();
        await using StackPair pair = await StackPair.OpenAsync();

        await using UserTcpListener listener = await pair.Server.ListenAsync(0);

        Activity listen = Assert.Single(spans.Of(parent));
        Assert.Equal("tcp listen 0.0.0.0:0", listen.DisplayName);
        Assert.Equal(listener.LocalEndPoint.Port, listen.GetTagItem("network.local.port"));
    }

    [Fact]
    public async Task A_refused_connect_is_an_error()
    {
        using var spans = new SpanList();
        using var parent = new Activity("test").Start();
        await using StackPair pair = await StackPair.OpenAsync();

        await Assert.ThrowsAsync<SocketException>(() => pair.Client.ConnectAsync(StackPair.ServerAddress, 9).AsTask());

        Activity connect = Assert.Single(spans.Of(parent), span => span.OperationName.StartsWith(Connect, Ordinal));
        Assert.Equal(ActivityStatusCode.Error, connect.Status);
        Assert.Equal("connection_refused", connect.GetTagItem("error.type"));
    }

    [Fact]
    public async Task A_name_that_an_http_client_asks_for_has_a_span_of_its_own()
    {
        using var spans = new SpanList();
        using var parent = new Activity("test").Start();
        await using StackPair pair = await StackPair.OpenAsync();
        using HttpClient client = pair.Client.CreateHttpClient(new UserTcpHttpOptions
        {
            Resolver = (_, _) => new([StackPair.ServerAddress]),
        });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://server.test:9/")));

        Activity lookup = Assert.Single(spans.Of(parent), span => span.DisplayName == "dns lookup server.test");
        Assert.Equal("server.test", lookup.GetTagItem("dns.question.name"));
        Assert.Equal(ActivityStatusCode.Unset, lookup.Status);
        Assert.Single(spans.Of(parent), span => span.DisplayName == "tcp connect 10.0.0.2:9");
    }

    [Fact]
    public async Task A_name_that_nobody_has_is_an_error()
    {
        using var spans = new SpanList();
        using var parent = new Activity("test").Start();
        await using StackPair pair = await StackPair.OpenAsync();
        using HttpClient client = pair.Client.CreateHttpClient(new UserTcpHttpOptions { Resolver = (_, _) => new([]) });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://nowhere.test/")));

        Activity lookup = Assert.Single(spans.Of(parent));
        Assert.Equal(ActivityStatusCode.Error, lookup.Status);
        Assert.Equal("host_not_found", lookup.GetTagItem("error.type"));
    }

    [Fact]
    public async Task Nobody_listening_nothing_is_made()
    {
        using var parent = new Activity("test").Start();
        await using StackPair pair = await StackPair.OpenAsync();
        Activity? seen = null;
        await using UserTcpListener listener = await pair.Server.ListenAsync(80);
        Task<UserTcpConnection> connecting = pair.Client.ConnectAsync(StackPair.ServerAddress, 80).AsTask();
        seen = Activity.Current;
        await connecting.WaitAsync(StackPair.Guard);

        Assert.Same(parent, seen);
    }

    private sealed class SpanList : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        public SpanList()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name == UserTcpTelemetry.ActivitySourceName,
                Sample = (ref _) => ActivitySamplingResult.AllData,
                ActivityStopped = _ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public IReadOnlyList<Activity> Of(Activity parent) =>
            [.. _ended.Where(span => span.TraceId == parent.TraceId)];

        public void Dispose() => _listener.Dispose();
    }
}
