using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;
using UserTcp.AspNetCore.Tests.Support;
using UserTcp.Tests.Api;
using StackTrace = System.Diagnostics.StackTrace;

namespace UserTcp.AspNetCore.Tests;

/// <summary>How connections end when the server stops, and what a protocol that is not HTTP sees of them.</summary>
public sealed class LifeTests
{
    private const int Hang = 300_000;
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private readonly TaskCompletionSource _inHandler = Signal();
    private readonly TaskCompletionSource _mayEnd = Signal();
    private readonly TaskCompletionSource<ConnectionContext> _held =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_graceful_stop_lets_a_request_end_and_takes_no_new_one(Carrier carrier)
    {
        await using WebLab lab = await WebLab.StartAsync(carrier, application => application.Run(async context =>
        {
            _inHandler.TrySetResult();
            await _mayEnd.Task;
            await context.Response.WriteAsync("finished");
        }));
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        await _inHandler.Task;
        Task stopping = lab.Application.StopAsync();
        await Assert.ThrowsAnyAsync<SocketException>(() => ConnectUntilRefusedAsync(lab));
        Assert.False(stopping.IsCompleted);
        _mayEnd.SetResult();

        Assert.Contains("finished", await client.ReadToEndAsync(), StringComparison.Ordinal);
        await stopping;
        Assert.Empty(lab.Log.Complaints);
    }

    [Theory(Timeout = Hang)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Handlers_run_on_the_stacks_thread_only_where_that_is_asked_for(bool isInline)
    {
        const int Attempts = 200;
        await using WebLab lab = await WebLab.StartAsync(
            Carrier.UserTcp,
            application => application.Run(context => context.Response.WriteAsync(Thread.CurrentThread.Name ?? "")),
            transport: transport => transport.UnsafePreferInlineScheduling = isInline);
        using HttpClient client = lab.CreateClient();
        string own = $"UserTcp {lab.ServerStack.Link.Info.Name}";
        bool wasThere = false;
        // A request that is there before Kestrel waits for it is met by the thread that came to wait.
        for (int i = 0; i < Attempts && !wasThere; i++)
            wasThere = (await client.GetStringAsync(lab.Url())).StartsWith(own, StringComparison.Ordinal);

        Assert.Equal(isInline, wasThere);
    }

    [Theory(Timeout = Hang)]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Handlers_run_in_queues_only_where_that_is_asked_for(int count)
    {
        const int Attempts = 200;
        await using WebLab lab = await WebLab.StartAsync(
            Carrier.UserTcp,
            application => application.Run(context => context.Response.WriteAsync(new StackTrace().ToString())),
            transport: transport => transport.IOQueueCount = count);
        using HttpClient client = lab.CreateClient();
        bool wasThere = false;
        for (int i = 0; i < Attempts && !wasThere; i++)
            wasThere = (await client.GetStringAsync(lab.Url())).Contains(nameof(IoQueues), StringComparison.Ordinal);

        Assert.Equal(count > 0, wasThere);
    }

    [Fact(Timeout = Hang)]
    public async Task A_negative_number_of_queues_is_refused()
    {
        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => WebLab.StartAsync(
            Carrier.UserTcp, static _ => { }, transport: transport => transport.IOQueueCount = -1));
        Assert.Equal(nameof(UserTcpTransportOptions.IOQueueCount), error.ParamName);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_graceful_stop_closes_idle_connections_by_FIN(Carrier carrier)
    {
        await using WebLab lab = await WebLab.StartAsync(
            carrier, application => application.Run(context => context.Response.WriteAsync("hello")));
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadExactlyAsync("HTTP/1.1 200 OK".Length);
        Task stopping = lab.Application.StopAsync();

        Assert.EndsWith("hello\r\n0\r\n\r\n", await client.ReadToEndAsync(), StringComparison.Ordinal);
        await stopping;
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_stop_that_is_out_of_patience_resets_what_is_left(Carrier carrier)
    {
        await using WebLab lab = await WebLab.StartAsync(carrier, application => application.Run(context =>
        {
            _inHandler.TrySetResult();
            return context.RequestAborted.WhenCancelledAsync();
        }));
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        await _inHandler.Task;
        await lab.Application.StopAsync(new CancellationToken(canceled: true));

        var error = await Assert.ThrowsAnyAsync<IOException>(client.ReadToEndAsync);
        Assert.Equal(SocketError.ConnectionReset,
            Assert.IsAssignableFrom<SocketException>(error.GetBaseException()).SocketErrorCode);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_protocol_of_ones_own_reads_the_end_and_may_still_write(Carrier carrier)
    {
        await using WebLab lab = await WebLab.StartAsync(
            carrier, _ => { }, listen => listen.Run(async connection =>
            {
                await connection.Transport.Input.CopyToAsync(connection.Transport.Output);
                await connection.Transport.Output.WriteAsync(" and the end"u8.ToArray());
            }));
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync("echo");
        client.Fin();

        Assert.Equal("echo and the end", await client.ReadToEndAsync());
        Assert.Empty(lab.Log.Complaints);
    }

    [Fact(Timeout = Hang)]
    public async Task The_transport_is_the_pipes_of_the_connection_and_has_the_features_of_one()
    {
        await using WebLab lab = await WebLab.StartAsync(Carrier.UserTcp, _ => { }, Hold);
        await using RawClient client = await lab.ConnectAsync();
        ConnectionContext context = await _held.Task;
        UserTcpConnection own = context.Features.Get<IUserTcpConnectionFeature>()!.Connection;

        Assert.Same(own.Output, context.Transport.Output);
        Assert.Equal(own.LocalEndPoint, context.LocalEndPoint);
        Assert.Equal(own.RemoteEndPoint, context.Features.Get<IConnectionEndPointFeature>()!.RemoteEndPoint);
        Assert.Equal($"usertcp-{own.Id}", context.ConnectionId);
        Assert.NotNull(context.Features.Get<IMemoryPoolFeature>()!.MemoryPool.Rent(10));
        Assert.Null(context.Features.Get<IConnectionSocketFeature>());
        context.Items["key"] = "value";
        Assert.Equal("value", context.Features.Get<IConnectionItemsFeature>()!.Items["key"]);
        _mayEnd.SetResult();
        Assert.Equal("", await client.ReadToEndAsync());
        await context.ConnectionClosed.WhenCancelledAsync();
    }

    [Fact(Timeout = Hang)]
    public async Task The_options_of_the_transport_take_precedence_over_those_of_its_connections()
    {
        await using WebLab lab = await WebLab.StartAsync(Carrier.UserTcp, _ => { }, Hold, transport =>
        {
            transport.ConnectionOptions = new() { AutoTuneBuffers = false, SendBufferSize = 9_000, TrafficClass = 8 };
            transport.NoDelay = false;
            transport.ReceiveBufferSize = 20_000;
            transport.SendBufferSize = 30_000;
        });
        await using RawClient client = await lab.ConnectAsync();
        ConnectionContext context = await _held.Task;
        UserTcpConnection own = context.Features.Get<IUserTcpConnectionFeature>()!.Connection;

        UserTcpConnectionInfo info = own.GetInfo();
        Assert.Equal((false, 8), (own.NoDelay, own.TrafficClass));
        Assert.Equal((20_000, 30_000), (info.ReceiveBufferSize, info.SendBufferSize));
        _mayEnd.SetResult();
        Assert.Equal("", await client.ReadToEndAsync());
    }

    [Fact(Timeout = Hang)]
    public async Task What_a_closed_server_is_still_sent_is_taken_until_the_client_closes()
    {
        var own = new TaskCompletionSource<UserTcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebLab lab = await WebLab.StartAsync(
            Carrier.UserTcp, _ => { }, listen => listen.Run(async connection =>
            {
                own.TrySetResult(connection.Features.Get<IUserTcpConnectionFeature>()!.Connection);
                await connection.Transport.Output.WriteAsync("goodbye"u8.ToArray());
            }),
            time: new FakeTimeProvider()); // it stands still: the server lingers for as long as the client takes
        await using RawClient client = await lab.ConnectAsync();
        UserTcpConnection server = await own.Task;
        Assert.Equal("goodbye", await client.ReadToEndAsync());
        await client.SendAsync(new byte[1_000_000]);
        client.Fin();

        Assert.Equal(UserTcpCloseReason.Graceful, await server.Closed);
    }

    [Fact(Timeout = Hang)]
    public async Task A_read_does_not_fail_before_all_have_heard_of_the_end()
    {
        await using WebLab lab = await WebLab.StartAsync(Carrier.UserTcp, _ => { }, Hold);
        await using RawClient client = await lab.ConnectAsync();
        ConnectionContext context = await _held.Task;
        TaskCompletionSource isTold = Signal();
        using var mayHear = new ManualResetEventSlim();
        bool hasHeard = false, wasHeard = false;
        Exception? failure = null;
        context.ConnectionClosed.Register(() =>
        {
            isTold.SetResult();
            mayHear.Wait();
            hasHeard = true;
        });
        client.Reset();
        await isTold.Task;
        var reader = new Thread(() =>
        {
            failure = Record.Exception(() => context.Transport.Input.TryRead(out _));
            wasHeard = hasHeard;
        });
        reader.Start();
        // It waits until all are told; a read that did not would be over.
        SpinWait.SpinUntil(() => !reader.IsAlive || reader.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
        mayHear.Set();
        reader.Join();

        Assert.IsType<ConnectionResetException>(failure);
        Assert.True(wasHeard);
        _mayEnd.SetResult();
    }

    [Fact(Timeout = Hang)]
    public async Task Nothing_is_left_of_clients_however_they_leave()
    {
        var all = new ConcurrentBag<Task<UserTcpCloseReason>>();
        await using WebLab lab = await WebLab.StartAsync(
            Carrier.UserTcp,
            application => application.Run(async context =>
            {
                await context.Request.Body.CopyToAsync(Stream.Null);
                await context.Response.WriteAsync("hello");
            }),
            listen => listen.Use(next => connection =>
            {
                all.Add(connection.Features.Get<IUserTcpConnectionFeature>()!.Connection.Closed);
                return next(connection);
            }));

        await Task.WhenAll(Enumerable.Range(0, 120).Select(i => LeaveAsync(lab, way: i % 4)));
        await lab.Application.StopAsync();
        await Task.WhenAll(all).WaitAsync(WebLab.Guard);
        Assert.Equal(0, lab.ServerStack.GetStatistics().CurrentConnections);
        Assert.Empty(lab.Log.Complaints);
    }

    [Fact(Timeout = Hang)]
    public async Task A_stack_that_goes_ends_its_requests_and_the_server_still_stops()
    {
        await using WebLab lab = await WebLab.StartAsync(Carrier.UserTcp, application => application.Run(context =>
        {
            _inHandler.TrySetResult();
            return context.RequestAborted.WhenCancelledAsync();
        }));
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        await _inHandler.Task;
        lab.ServerStack.Abort();

        await lab.Application.StopAsync();
        Assert.Empty(lab.Log.Complaints);
    }

    [Fact(Timeout = Hang)]
    public async Task The_log_tells_each_end_as_the_sockets_transport_does()
    {
        await using WebLab lab = await WebLab.StartAsync(
            Carrier.UserTcp, application => application.Run(context => context.Response.WriteAsync("hello")));
        await using (RawClient client = await lab.ConnectAsync())
        {
            await client.SendAsync(Get);
            await client.ReadExactlyAsync(10);
            client.Reset();
        }

        await using (RawClient client = await lab.ConnectAsync())
        {
            await client.SendAsync(Get);
            client.Fin();
            await client.ReadToEndAsync();
        }

        await lab.Application.StopAsync();
        // The server may be done with a connection before its end has been told.
        foreach (string name in (string[])["ConnectionReset", "ConnectionReadFin", "ConnectionWriteFin"])
            await lab.Log.WhenLoggedAsync("UserTcp.AspNetCore.Transport", name);
    }

    [Fact(Timeout = Hang)]
    public async Task The_client_twin_connects_talks_and_aborts()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(7);
        var factory = new UserTcpConnectionFactory(pair.Client);
        await using ConnectionContext client = await factory.ConnectAsync(
            new UserTcpEndPoint(StackPair.ServerAddress, 7));
        await using UserTcpConnection server = await listener.AcceptAsync();
        await client.Transport.Output.WriteAsync("there"u8.ToArray());
        Assert.Equal("there", Encoding.ASCII.GetString(await server.Input.ReadExactlyAsync(5)));
        server.Abort();

        await Assert.ThrowsAsync<ConnectionResetException>(async () => await client.Transport.Input.ReadAsync());
        await client.ConnectionClosed.WhenCancelledAsync();
        client.Abort();
    }

    [Fact(Timeout = Hang)]
    public async Task An_abort_of_the_client_twin_comes_back_as_its_reason()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        await using UserTcpListener listener = await pair.Server.ListenAsync(7);
        await using ConnectionContext client = await new UserTcpConnectionFactory(pair.Server).ConnectAsync(
            new UserTcpEndPoint(pair.Client, StackPair.ServerAddress, 7));
        await using UserTcpConnection server = await listener.AcceptAsync();
        ValueTask<ReadResult> pending = client.Transport.Input.ReadAsync();
        var reason = new ConnectionAbortedException("enough");
        client.Abort(reason);

        Assert.Same(reason, await Assert.ThrowsAsync<ConnectionAbortedException>(async () => await pending));
        Assert.True((await client.Transport.Output.FlushAsync()).IsCompleted);
        Assert.Equal(UserTcpCloseReason.ResetByPeer, await server.Closed);
    }

    [Fact(Timeout = Hang)]
    public async Task The_client_twin_is_refused_like_a_socket()
    {
        await using StackPair pair = await StackPair.OpenAsync();
        var factory = new UserTcpConnectionFactory(pair.Client);

        var error = await Assert.ThrowsAsync<SocketException>(async () =>
            await factory.ConnectAsync(new IPEndPoint(StackPair.ServerAddress, 9)));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
    }

    private static async Task LeaveAsync(WebLab lab, int way)
    {
        await using RawClient client = await lab.ConnectAsync();
        if (way == 0)
        {
            await client.SendAsync("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            Assert.EndsWith("hello\r\n0\r\n\r\n", await client.ReadToEndAsync(), StringComparison.Ordinal);
            return;
        }

        await client.SendAsync("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
        if (way == 1)
            client.Reset();
        else if (way == 2)
            client.Fin();
    }

    // A protocol that says nothing until the test lets it end.
    private void Hold(ListenOptions listen) => listen.Run(async connection =>
    {
        _held.TrySetResult(connection);
        await _mayEnd.Task;
    });

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The listener goes soon after the stop was asked for. A connection that made it before is let go.
    private static async Task ConnectUntilRefusedAsync(WebLab lab)
    {
        while (true)
        {
            await using RawClient client = await lab.ConnectAsync();
            await Task.Yield();
        }
    }
}
