using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace UserTcp.Extensions.Hosting.Tests;

/// <summary>The example of the package's README.</summary>
internal static class HostingExample
{
    public static async Task RunAsync(string[] args, CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
        builder.Services.AddUserTcpStack("lan", builder.Configuration.GetSection("UserTcp:Lan"));
        builder.Services.AddHostedService<EchoService>();
        await builder.Build().RunAsync(cancellationToken);
    }
}

/// <summary>Sends back what it is sent, on port 7.</summary>
internal sealed class EchoService([FromKeyedServices("lan")] UserTcpStack stack) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using UserTcpListener listener = await stack.ListenAsync(7, stoppingToken);
        await foreach (UserTcpConnection connection in listener.AcceptAllAsync(stoppingToken))
        {
            await using (connection)
            {
                await connection.Input.CopyToAsync(connection.Output, stoppingToken);
                await connection.Output.CompleteAsync();
            }
        }
    }
}
