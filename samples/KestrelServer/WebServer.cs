using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using UserTcp;
using UserTcp.AspNetCore;

namespace KestrelServer;

/// <summary>Kestrel on a stack.</summary>
internal static class WebServer
{
    /// <summary>Makes a server; the caller starts it, and disposes of it before the stack.</summary>
    public static WebApplication Create(UserTcpStack stack, int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        // Kestrel warns that there is no HTTP/2 without TLS; here there is.
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            .AddFilter("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error);
        builder.WebHost.UseUserTcp(stack).ConfigureKestrel(kestrel =>
            kestrel.ListenUserTcp(stack, port, listen => listen.UseHttp2PriorKnowledge()));
        WebApplication application = builder.Build();
        application.MapGet("/", InfoPage.WriteAsync);
        return application;
    }
}
