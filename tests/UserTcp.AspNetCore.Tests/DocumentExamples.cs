using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using UserTcp.AspNetCore.Tests.Support;

namespace UserTcp.AspNetCore.Tests;

/// <summary>The examples of the documents about Kestrel.</summary>
public sealed class DocumentExamples
{
    [Fact(Timeout = 300_000)]
    public async Task What_the_example_answers_is_the_round_trip()
    {
        await using WebLab lab = await WebLab.StartAsync(Carrier.UserTcp, application => application.MapGet(
            "/", (HttpContext context) => RoundTripOf(context)));
        using HttpClient client = lab.CreateClient();

        Assert.StartsWith("rtt 00:00:0", await client.GetStringAsync(lab.Url()), StringComparison.Ordinal);
    }

    internal static async Task ServeAsync(string[] args)
    {
        // <kestrel>
        await using UserTcpStack stack = await UserTcpStack.OpenAsync("eth0", "192.168.1.50/24", "192.168.1.1");
        WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
        builder.WebHost.UseUserTcp(stack).UseUrls("http://192.168.1.50:8080");   // other addresses stay with the kernel

        await using WebApplication app = builder.Build();
        app.MapGet("/", (HttpContext context) =>
            $"rtt {context.Features.GetRequiredFeature<IUserTcpConnectionFeature>().Connection.GetInfo().SmoothedRtt}");
        await app.RunAsync();
        // </kestrel>
    }

    internal static void Listen(WebApplicationBuilder builder, UserTcpStack stack)
    {
        // <kestrel-listen>
        builder.WebHost.UseUserTcp(stack, transport => transport.UnsafePreferInlineScheduling = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenUserTcp(stack, 8080, listen => listen.UseHttp2PriorKnowledge());   // HTTP/1.1 and h2c
            kestrel.ListenUserTcp(stack, 8443, listen => listen.UseHttps());                 // HTTP/1.1 and HTTP/2
        });
        // </kestrel-listen>
    }

    private static string RoundTripOf(HttpContext context) =>
        $"rtt {context.Features.GetRequiredFeature<IUserTcpConnectionFeature>().Connection.GetInfo().SmoothedRtt}";
}
