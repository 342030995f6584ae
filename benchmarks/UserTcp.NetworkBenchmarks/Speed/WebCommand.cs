using System.CommandLine;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using UserTcp.Links;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary><c>web</c>: Kestrel at the near end, on kernel sockets or a stack of ours, until its input ends.</summary>
internal static class WebCommand
{
    private const int Port = 8080;
    private const int KernelHost = 2;
    private const int StackHost = 49;
    private const string Body = "Hello, World!";

    public static Command Make()
    {
        var cable = new Option<Cable>("--cable");
        var link = new Option<string>("--link") { DefaultValueFactory = _ => Contender.Kernel };
        var inline = new Option<bool>("--inline");
        var command = new Command("web", "Kestrel for the speed command.") { cable, link, inline };
        command.Hidden = true;
        command.SetAction(parsed =>
            RunAsync(parsed.GetValue(cable), parsed.GetValue(link)!, parsed.GetValue(inline)));
        return command;
    }

    /// <summary>What clients ask for.</summary>
    public static string UrlOf(Contender contender)
    {
        IPAddress address = SpeedLab.Address(contender.Cable, contender.IsKernel ? KernelHost : StackHost);
        return $"http://{address}:{Port}/";
    }

    private static async Task<int> RunAsync(Cable cable, string link, bool isInline)
    {
        await using UserTcpStack? stack = link == Contender.Kernel ? null : await OpenAsync(cable, link, isInline);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        if (stack is not null)
            builder.WebHost.UseUserTcp(stack);
        IPAddress address = SpeedLab.Address(cable, stack is null ? KernelHost : StackHost);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address, Port));
        await using WebApplication app = builder.Build();
        app.Run(context => context.Response.WriteAsync(Body));
        await app.StartAsync();
        Console.WriteLine(PeerCommand.Ready);
        while (await Console.In.ReadLineAsync() is not null)
        {
            // Nothing is said to it; the end of the input is the end.
        }

        await app.StopAsync();
        return 0;
    }

    private static Task<UserTcpStack> OpenAsync(Cable cable, string link, bool isInline)
    {
        var options = new UserTcpStackOptions
        {
            Link = LinkDevice.Open($"{link}:{SpeedLab.Device}"),
            DetectAddressConflicts = false,
            ApplicationScheduler = isInline ? PipeScheduler.Inline : PipeScheduler.ThreadPool,
        };
        options.Addresses.Add(new UserTcpAddress(SpeedLab.Address(cable, StackHost), 24));
        return UserTcpStack.OpenAsync(options).AsTask();
    }
}
