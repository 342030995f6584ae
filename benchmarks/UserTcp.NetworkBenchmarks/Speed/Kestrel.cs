using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>Kestrel at the near end, on kernel sockets or a stack of ours.</summary>
internal static class Kestrel
{
    private const int Port = 8080;
    private const string Body = "Hello, World!";

    /// <summary>The end point at the near end.</summary>
    public static IPEndPoint EndPoint(bool isKernel) =>
        new(isKernel ? Cable.NearAddress : Cable.StackAddress, Port);

    public static async Task<WebApplication> StartAsync(UserTcpStack? stack)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        if (stack is not null)
            builder.WebHost.UseUserTcp(stack);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(EndPoint(isKernel: stack is null)));
        WebApplication app = builder.Build();
        app.Run(context => context.Response.WriteAsync(Body));
        await app.StartAsync();
        return app;
    }
}
