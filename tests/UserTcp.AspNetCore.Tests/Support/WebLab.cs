using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using UserTcp.Tests.Api;

namespace UserTcp.AspNetCore.Tests.Support;

/// <summary>Kestrel, and clients that reach it, over sockets or over two stacks.</summary>
internal sealed class WebLab : IAsyncDisposable
{
    private readonly StackPair? _pair;
    private readonly int _port;

    private WebLab(WebApplication application, StackPair? pair, LogList log)
    {
        Application = application;
        _pair = pair;
        Log = log;
        _port = new Uri(application.Urls.Single()).Port;
    }

    /// <summary>Only to fail where a test would hang; nothing waits for it.</summary>
    public static TimeSpan Guard { get; } = TimeSpan.FromMinutes(5);

    public WebApplication Application { get; }

    public LogList Log { get; }

    public IPEndPoint Server =>
        new(_pair is null ? IPAddress.Loopback : StackPair.ServerAddress, _port);

    /// <summary>The server's own stack.</summary>
    public UserTcpStack ServerStack => _pair!.Server;

    public static async Task<WebLab> StartAsync(
        Carrier carrier, Action<WebApplication> map, Action<ListenOptions>? listen = null,
        Action<UserTcpTransportOptions>? transport = null, TimeProvider? time = null)
    {
        StackPair? pair = carrier == Carrier.UserTcp ? await StackPair.OpenAsync() : null;
        var log = new LogList();
        WebApplicationBuilder builder = NewBuilder(log);
        if (time is not null)
            builder.Services.AddSingleton(time);
        if (pair is not null)
            builder.WebHost.UseUserTcp(pair.Server, transport);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (pair is null)
                kestrel.Listen(IPAddress.Loopback, 0, listen ?? (static _ => { }));
            else
                kestrel.ListenUserTcp(pair.Server, 0, listen);
        });
        WebApplication application = builder.Build();
        map(application);
        await application.StartAsync();
        return new WebLab(application, pair, log);
    }

    /// <summary>A builder that reads no files, and tells the list only.</summary>
    public static WebApplicationBuilder NewBuilder(LogList log)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Guard);
        return builder;
    }

    public Uri Url(string scheme = "http", string path = "/") => new($"{scheme}://{Server}{path}");

    /// <summary>A client whose connections go the same way as everything here; it believes any certificate.</summary>
    public HttpClient CreateClient() => new(CreateHandler(), disposeHandler: true);

    public SocketsHttpHandler CreateHandler()
    {
        SocketsHttpHandler handler = _pair?.Client.CreateHttpHandler() ?? new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) =>
            presented!.GetCertHashString() == Certificates.Own.GetCertHashString();
        return handler;
    }

    public async Task<RawClient> ConnectAsync()
    {
        if (_pair is not null)
            return RawClient.Over(await _pair.Client.ConnectAsync(Server));

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Server);
        return RawClient.Over(socket);
    }

    public async ValueTask DisposeAsync()
    {
        await Application.DisposeAsync();
        if (_pair is not null)
            await _pair.DisposeAsync();
    }
}
