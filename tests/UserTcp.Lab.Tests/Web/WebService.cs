using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using UserTcp.AspNetCore.Tests.Support;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Web;

/// <summary>
/// Kestrel on a stack of ours, at the host's end of a cable: HTTP/1.1 on port 80, HTTP/2 on port 81, both with TLS on
/// port 443.
/// </summary>
internal sealed class WebService : IAsyncDisposable
{
    /// <summary>The length of a large body.</summary>
    public const long LargeBytes = 1L << 30;

    // A prime, so that no piece of the body lies as another one did in segments, records or buffers.
    private static readonly byte[] s_piece = Pattern(65_521);

    private readonly LabNetwork _lab;
    private readonly UserTcpStack _stack;
    private readonly WebApplication _application;

    private WebService(LabNetwork lab, UserTcpStack stack, WebApplication application, LogList log)
    {
        _lab = lab;
        _stack = stack;
        _application = application;
        Log = log;
    }

    /// <summary>What was logged as a warning, or worse.</summary>
    public LogList Log { get; }

    public UserTcpStackStatistics Statistics => _stack.GetStatistics();

    /// <summary>The hash of the large body, in lower case.</summary>
    public static string LargeHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long left = LargeBytes; left > 0; left -= s_piece.Length)
            hash.AppendData(s_piece, 0, (int)Math.Min(left, s_piece.Length));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static async Task<WebService> StartAsync(LabNetwork lab)
    {
        UserTcpStack stack = await lab.OpenStackAsync();
        var log = new LogList();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelHttpsConfiguration().UseUserTcp(stack).ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.ListenUserTcp(stack, 80, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.ListenUserTcp(stack, 81, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.ListenUserTcp(stack, 443, listen => listen.UseHttps(Certificates.Own));
        });
        WebApplication application = builder.Build();
        application.MapGet("/", (HttpContext context) => context.Response.WriteAsync(context.Request.Protocol));
        application.MapGet("/large", SendLargeAsync);
        application.MapPut("/hash", HashAsync);
        await application.StartAsync();
        return new WebService(lab, stack, application, log);
    }

    /// <summary>Runs a command at the other end of the cable; fails if it does.</summary>
    /// <param name="command">For the shell; <c>SERVER</c> stands for the server's address.</param>
    /// <param name="cancellationToken">Patience.</param>
    /// <returns>What it printed.</returns>
    public async Task<string> RunAsync(string command, CancellationToken cancellationToken)
    {
        Process process = _lab.Peer.Start(
            "sh", "-c", command.Replace("SERVER", $"{LabNetwork.Address(50)}", StringComparison.Ordinal));
        Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        Assert.True(process.ExitCode == 0, $"'{command}' ended with {process.ExitCode}: {await error}");
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        await _stack.DisposeAsync();
    }

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        new Random(4711).NextBytes(bytes);
        return bytes;
    }

    private static async Task SendLargeAsync(HttpContext context)
    {
        context.Response.ContentLength = LargeBytes;
        for (long left = LargeBytes; left > 0; left -= s_piece.Length)
        {
            await context.Response.BodyWriter.WriteAsync(
                s_piece.AsMemory(0, (int)Math.Min(left, s_piece.Length)), context.RequestAborted);
        }
    }

    private static async Task HashAsync(HttpContext context) => await context.Response.WriteAsync(
        Convert.ToHexStringLower(await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted)));
}
