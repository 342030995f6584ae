using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using UserTcp.AspNetCore.Tests.Support;
using UserTcp.Tests.Api;

namespace UserTcp.AspNetCore.Tests;

/// <summary>Which end points are ours, by which way a stack is found, and what is said where none is.</summary>
public sealed class EndPointTests : IAsyncLifetime
{
    private const int Hang = 300_000;

    private readonly LogList _log = new();
    private StackPair _pair = null!;

    public async ValueTask InitializeAsync() => _pair = await StackPair.OpenAsync();

    public async ValueTask DisposeAsync() => await _pair.DisposeAsync();

    [Fact(Timeout = Hang)]
    public async Task A_URL_with_the_address_of_the_stack_is_ours_and_others_stay_with_the_kernel()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.WebHost.UseUserTcp(_pair.Server).UseUrls("http://10.0.0.2:8080", "http://127.0.0.1:0");
        await using WebApplication application = await StartAsync(builder);
        using HttpClient ours = _pair.Client.CreateHttpClient();
        using var kernels = new HttpClient(new SocketsHttpHandler { UseProxy = false });

        Assert.Equal("10.0.0.1 True", await ours.GetStringAsync("http://10.0.0.2:8080/"));
        string other = application.Urls.Single(url => url.Contains("127.0.0.1", StringComparison.Ordinal));
        Assert.Equal("127.0.0.1 False", await kernels.GetStringAsync(other));
        Assert.Contains("http://10.0.0.2:8080", application.Urls);
    }

    [Fact(Timeout = Hang)]
    public async Task The_order_of_the_calls_on_the_builder_does_not_matter()
    {
        using IHost host = new HostBuilder()
            .ConfigureWebHost(web => web
                .UseUserTcp(_pair.Server).UseKestrel().UseUrls("http://10.0.0.2:8080", "http://127.0.0.1:0")
                .Configure(application => application.Run(AnswerAsync)))
            .Build();
        await host.StartAsync();
        using HttpClient client = _pair.Client.CreateHttpClient();

        Assert.Equal("10.0.0.1 True", await client.GetStringAsync("http://10.0.0.2:8080/"));
        await host.StopAsync();
    }

    [Fact(Timeout = Hang)]
    public async Task A_stack_among_the_services_is_found_and_stays_alive_to_the_end()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.Services.AddSingleton(_ => _pair.Server); // made by a factory: the container disposes of it
        builder.WebHost.UseUserTcp().ConfigureKestrel(kestrel => kestrel.ListenUserTcp(8080));
        WebApplication application = await StartAsync(builder);
        using HttpClient client = _pair.Client.CreateHttpClient();

        Assert.Equal("10.0.0.1 True", await client.GetStringAsync("http://10.0.0.2:8080/"));
        await application.DisposeAsync();
        Assert.Equal(UserTcpStackState.Stopped, _pair.Server.State);
        Assert.Empty(_log.Complaints);
    }

    [Fact(Timeout = Hang)]
    public async Task Keyed_stacks_are_found_by_key_and_by_address()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.Services.AddKeyedSingleton("inside", _pair.Server).AddKeyedSingleton("outside", _pair.Client);
        builder.WebHost.UseUserTcp().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(new UserTcpEndPoint(IPAddress.Any, 81, "inside"));
            kestrel.Listen(new UserTcpEndPoint(StackPair.ServerAddress, 82));
            kestrel.Listen(StackPair.ClientAddress, 83);
        });
        await using WebApplication application = await StartAsync(builder);
        using HttpClient client = _pair.Client.CreateHttpClient();
        using HttpClient reverse = _pair.Server.CreateHttpClient();

        Assert.Equal("10.0.0.1 True", await client.GetStringAsync("http://10.0.0.2:81/"));
        Assert.Equal("10.0.0.1 True", await client.GetStringAsync("http://10.0.0.2:82/"));
        Assert.Equal("10.0.0.2 True", await reverse.GetStringAsync("http://10.0.0.1:83/"));
    }

    [Fact(Timeout = Hang)]
    public async Task Port_0_is_a_free_one_and_the_URL_says_which()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.WebHost.UseUserTcp(_pair.Server)
            .ConfigureKestrel(kestrel => kestrel.ListenUserTcp(_pair.Server, 0));
        await using WebApplication application = await StartAsync(builder);
        using HttpClient client = _pair.Client.CreateHttpClient();
        string url = Assert.Single(application.Urls);

        Assert.StartsWith("http://10.0.0.2:", url, StringComparison.Ordinal);
        Assert.Equal("10.0.0.1 True", await client.GetStringAsync(url));
    }

    [Fact(Timeout = Hang)]
    public async Task A_port_in_use_is_told_in_Kestrels_words()
    {
        await using UserTcpListener taken = await _pair.Server.ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new IPEndPoint(StackPair.ServerAddress, 80) });
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.WebHost.UseUserTcp(_pair.Server).UseUrls("http://10.0.0.2:80");

        var error = await Assert.ThrowsAsync<IOException>(() => StartAsync(builder));
        Assert.IsType<AddressInUseException>(error.InnerException);
    }

    [Fact(Timeout = Hang)]
    public async Task Without_the_transport_an_end_point_of_a_stack_stops_the_start()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUserTcp(_pair.Server, 80));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains("10.0.0.2:80", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Hang)]
    public async Task Without_a_stack_an_end_point_says_what_is_missing()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.WebHost.UseUserTcp()
            .ConfigureKestrel(kestrel => kestrel.Listen(new UserTcpEndPoint(StackPair.ServerAddress, 80)));

        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(builder));
        Assert.Contains("UseUserTcp(stack)", error.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Hang)]
    public async Task Addresses_are_not_claimed_where_that_is_not_wanted()
    {
        WebApplicationBuilder builder = WebLab.NewBuilder(_log);
        builder.WebHost.UseUserTcp(_pair.Server, transport => transport.ClaimStackAddresses = false)
            .UseUrls("http://10.0.0.2:80");

        await Assert.ThrowsAnyAsync<Exception>(() => StartAsync(builder)); // the kernel has no such address
        Assert.Equal(0, _pair.Server.GetStatistics().ConnectionsAccepted);
        await using UserTcpListener free = await _pair.Server.ListenAsync(80);
    }

    [Fact]
    public void End_points_are_equal_by_what_they_name()
    {
        var one = new UserTcpEndPoint(_pair.Server, 80);

        Assert.Equal("10.0.0.2:80", one.ToString());
        Assert.Equal(one, new UserTcpEndPoint(_pair.Server, StackPair.ServerAddress, 80));
        Assert.Equal(one.GetHashCode(), new UserTcpEndPoint(_pair.Server, 80).GetHashCode());
        Assert.NotEqual(one, new UserTcpEndPoint(StackPair.ServerAddress, 80));
        Assert.NotEqual(one, new UserTcpEndPoint(_pair.Server, 81));
        Assert.NotEqual(
            new UserTcpEndPoint(StackPair.ServerAddress, 80, "a"), new UserTcpEndPoint(StackPair.ServerAddress, 80));
        Assert.Throws<ArgumentOutOfRangeException>(() => new UserTcpEndPoint(_pair.Server, 65_536));
    }

    private static async Task<WebApplication> StartAsync(WebApplicationBuilder builder)
    {
        WebApplication application = builder.Build();
        application.Run(AnswerAsync);
        try
        {
            await application.StartAsync();
            return application;
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    // Who asks, and whether over a stack.
    private static Task AnswerAsync(HttpContext context)
    {
        bool isOurs = context.Features.Get<IUserTcpConnectionFeature>() is not null;
        return context.Response.WriteAsync($"{context.Connection.RemoteIpAddress} {isOurs}");
    }
}
