using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using UserTcp.AspNetCore.Tests.Support;

namespace UserTcp.AspNetCore.Tests;

/// <summary>
/// What clients do that they should not, and what a handler then sees, the client gets and the log says: the same over
/// Kestrel's sockets and over ours.
/// </summary>
public sealed class MisbehaviourTests
{
    private const int Hang = 300_000;
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private readonly TaskCompletionSource _inHandler = Signal();
    private readonly TaskCompletionSource<Exception?> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets, false)]
    [InlineData(Carrier.Sockets, true)]
    [InlineData(Carrier.UserTcp, false)]
    [InlineData(Carrier.UserTcp, true)]
    public async Task FIN_or_RST_while_the_handler_waits_aborts_the_request(Carrier carrier, bool isReset)
    {
        await using WebLab lab = await StartAsync(carrier, AbortedAsync);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        await _inHandler.Task;
        if (isReset)
            client.Reset();
        else
            client.Fin();

        Assert.IsAssignableFrom<OperationCanceledException>(await _outcome.Task);
        await AssertSilentAsync(lab);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_request_with_FIN_gets_no_answer_by_default(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, async context =>
        {
            await context.RequestAborted.WhenCancelledAsync();
            await context.Response.WriteAsync("too late");
        });
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        client.Fin();

        Assert.Equal("", await client.ReadToEndAsync());
        await AssertSilentAsync(lab);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task Half_a_body_and_FIN_is_an_unexpected_end(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, ReadBodyAsync);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Post(contentLength: 100, "half"));
        await _inHandler.Task;
        client.Fin();

        Assert.Contains("Unexpected end of request content",
            Assert.IsType<BadHttpRequestException>(await _outcome.Task, exactMatch: false).Message,
            StringComparison.Ordinal);
        await AssertSilentAsync(lab);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task Half_a_body_and_RST_is_a_reset_with_its_socket_error(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, ReadBodyAsync);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Post(contentLength: 100, "half"));
        await _inHandler.Task;
        client.Reset();

        var error = Assert.IsType<ConnectionResetException>(await _outcome.Task);
        Assert.Equal(SocketError.ConnectionReset,
            Assert.IsAssignableFrom<SocketException>(error.GetBaseException()).SocketErrorCode);
        await AssertSilentAsync(lab);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task RST_ends_an_endless_response(Carrier carrier)
    {
        byte[] piece = new byte[64 << 10];
        await using WebLab lab = await StartAsync(carrier, async context =>
        {
            while (true)
            {
                await context.Response.Body.WriteAsync(piece, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        });
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        await client.ReadExactlyAsync(100_000);
        client.Reset();

        Assert.IsAssignableFrom<OperationCanceledException>(await _outcome.Task);
        await AssertSilentAsync(lab);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_request_that_is_none_gets_its_400_and_FIN(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, _ => Task.CompletedTask);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync("this is no request\r\n\r\nand more of it\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        await AssertSilentAsync(lab);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task A_body_that_is_too_large_gets_its_413_and_FIN_although_it_was_not_read(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, DrainBodyAsync);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Post(contentLength: 100_000_000, new string('x', 50_000)));

        Assert.StartsWith("HTTP/1.1 413 ", await client.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Theory(Timeout = Hang)]
    [InlineData(Carrier.Sockets)]
    [InlineData(Carrier.UserTcp)]
    public async Task An_abort_of_the_handler_resets_the_client(Carrier carrier)
    {
        await using WebLab lab = await StartAsync(carrier, context =>
        {
            context.Abort();
            context.Abort();
            return Task.CompletedTask;
        });
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);

        var error = await Assert.ThrowsAnyAsync<IOException>(client.ReadToEndAsync);
        Assert.Equal(SocketError.ConnectionReset,
            Assert.IsAssignableFrom<SocketException>(error.GetBaseException()).SocketErrorCode);
        await AssertSilentAsync(lab);
    }

    [Fact(Timeout = Hang)]
    public async Task A_half_closed_client_gets_its_answer_where_that_is_allowed()
    {
        await using WebLab lab = await StartAsync(
            Carrier.UserTcp,
            async context =>
            {
                await context.Features.Get<IUserTcpConnectionFeature>()!.Connection.InputClosed;
                Assert.False(context.RequestAborted.IsCancellationRequested);
                await context.Response.WriteAsync("answered");
            },
            transport => transport.AllowHalfOpenConnections = true);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        client.Fin();
        string answer = await client.ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
        Assert.Contains("answered", answer, StringComparison.Ordinal);
        Assert.Null(await _outcome.Task);
        await AssertSilentAsync(lab);
    }

    [Fact(Timeout = Hang)]
    public async Task A_half_closed_client_that_resets_aborts_its_request()
    {
        await using WebLab lab = await StartAsync(
            Carrier.UserTcp, AbortedAsync, transport => transport.AllowHalfOpenConnections = true);
        await using RawClient client = await lab.ConnectAsync();
        await client.SendAsync(Get);
        client.Fin();
        await _inHandler.Task;
        client.Reset();

        Assert.IsAssignableFrom<OperationCanceledException>(await _outcome.Task);
        await AssertSilentAsync(lab);
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static string Post(int contentLength, string body) =>
        $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {contentLength}\r\n\r\n{body}";

    private static async Task AbortedAsync(HttpContext context)
    {
        await context.RequestAborted.WhenCancelledAsync();
        context.RequestAborted.ThrowIfCancellationRequested();
    }

    // Where nobody has to look. The server has to be at its end first: what it complains of may come late.
    private static async Task AssertSilentAsync(WebLab lab)
    {
        await lab.Application.StopAsync();
        Assert.True(!lab.Log.Complaints.Any(), string.Join("\n", lab.Log.Complaints));
    }

    private static Task DrainBodyAsync(HttpContext context) => context.Request.Body.CopyToAsync(Stream.Null);

    private async Task ReadBodyAsync(HttpContext context)
    {
        byte[] bytes = new byte[100];
        await context.Request.Body.ReadExactlyAsync(bytes.AsMemory(0, 4));
        _inHandler.TrySetResult();
        await context.Request.Body.ReadExactlyAsync(bytes.AsMemory(4));
    }

    /// <summary>A server whose first request's end is <see cref="_outcome"/>.</summary>
    private Task<WebLab> StartAsync(
        Carrier carrier, RequestDelegate handler, Action<UserTcpTransportOptions>? transport = null) =>
        WebLab.StartAsync(
            carrier,
            application => application.Run(async context =>
            {
                if (context.Request.ContentLength is null)
                    _inHandler.TrySetResult();
                try
                {
                    await handler(context);
                    _outcome.TrySetResult(null);
                }
                catch (Exception error)
                {
                    _outcome.TrySetResult(error);
                    // Kestrel learns of a reset by a way of its own; until it has, it blames the handler.
                    if (error is ConnectionResetException)
                        await context.RequestAborted.WhenCancelledAsync();
                    throw;
                }
            }),
            transport: transport);
}
