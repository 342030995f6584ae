using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace UserTcp.Tool.Serve;

/// <summary>The files of a folder, by Kestrel on a stack, over HTTP/1.1 and HTTP/2 on one port.</summary>
internal sealed class DirectoryServer : IAsyncDisposable
{
    // A client that is still downloading must not keep the stack and its capture from ending in order.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);
    private readonly WebApplication _app;

    private DirectoryServer(WebApplication app) => _app = app;

    /// <summary>Starts to serve.</summary>
    /// <param name="stack">Whose addresses are served on.</param>
    /// <param name="port">From 1 to 65535.</param>
    /// <param name="folder">What is shown: its files, and lists of them.</param>
    /// <param name="answered">Hears of each answer; called by any thread.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<DirectoryServer> StartAsync(
        UserTcpStack stack, int port, string folder, Action<ServedRequest> answered,
        CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.UseUserTcp(stack);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ListenUserTcp(stack, port, listen => listen.UseHttp2PriorKnowledge()));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = s_patience);
        WebApplication app = builder.Build();
        app.Use((context, next) => TellAsync(context, next, answered));
        var files = new PhysicalFileProvider(folder);
        app.Use((context, next) => RefuseSlashAsync(context, next, files));
        app.UseFileServer(new FileServerOptions
        {
            FileProvider = files,
            EnableDirectoryBrowsing = true,
            DirectoryBrowserOptions = { FileProvider = files, Formatter = new DirectoryList() },
            StaticFileOptions =
            {
                FileProvider = files,
                ServeUnknownFileTypes = true,
                ContentTypeProvider = new FileExtensionContentTypeProvider(),
            },
        });
        await app.StartAsync(cancellationToken);
        return new DirectoryServer(app);
    }

    /// <summary>Waits for the answers under way, two seconds at most.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    // A slash at the end means a folder. The provider of files overlooks it.
    private static Task RefuseSlashAsync(HttpContext context, RequestDelegate next, PhysicalFileProvider files)
    {
        string path = context.Request.Path.Value ?? "";
        if (!path.EndsWith('/') || files.GetDirectoryContents(path).Exists)
            return next(context);

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static async Task TellAsync(HttpContext context, RequestDelegate next, Action<ServedRequest> answered)
    {
        context.Response.OnCompleted(() =>
        {
            answered(new ServedRequest(
                $"{context.Connection.RemoteIpAddress}", context.Request.Method,
                context.Request.Path, context.Request.Protocol, context.Response.StatusCode,
                context.Response.ContentLength));
            return Task.CompletedTask;
        });
        await next(context);
    }
}

/// <summary>A request that was answered.</summary>
/// <param name="Client">Who asked.</param>
/// <param name="Method">As in the request.</param>
/// <param name="Path">What for.</param>
/// <param name="Protocol">The version of HTTP.</param>
/// <param name="Status">Of the answer.</param>
/// <param name="Bytes">Of its body, if that was known beforehand.</param>
internal sealed record ServedRequest(
    string Client, string Method, string Path, string Protocol, int Status, long? Bytes)
{
    public override string ToString() =>
        string.Create(
        CultureInfo.InvariantCulture, $"{Client} \"{Method} {Path} {Protocol}\" {Status} {(object?)Bytes ?? "-"}");
}
