using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using UserTcp;

namespace KestrelServer;

/// <summary>Kestrel on a stack.</summary>
internal static class WebServer
{
    // A client that sent half a request must not keep the server from ending.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    /// <summary>Makes a server; the caller starts it, and disposes of it before the stack.</summary>
    public static WebApplication Create(UserTcpStack stack, int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        // Kestrel warns that there is no HTTP/2 without TLS; here there is.
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_patience);
        builder.WebHost.UseUserTcp(stack).ConfigureKestrel(kestrel =>
            kestrel.ListenUserTcp(stack, port, listen => listen.UseHttp2PriorKnowledge()));
        WebApplication application = builder.Build();
        application.MapGet("/", InfoPage.WriteAsync);
        return application;
    }
}
