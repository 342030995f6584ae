using EchoServer;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// An echo server with an address of its own, as a service of a .NET host: Ctrl+C drains its connections.
//
//   dotnet run --project samples/EchoServer                        a client in this process asks once; no privileges
//   dotnet run --project samples/EchoServer -- --Stack:LinkName eth0 --Stack:Addresses:0 192.168.1.50/24
HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
bool isDemonstration = builder.Configuration["Stack:LinkName"] is null;
if (isDemonstration)
{
    builder.Configuration.AddInMemoryCollection(
    [
        new("Stack:LinkName", "virtual:echo"), new("Stack:Addresses:0", "10.0.0.2/24"),
    ]);
}

builder.Services.AddUserTcpStack("echo", builder.Configuration.GetSection("Stack"));
builder.Services.AddHostedService<EchoService>();
if (isDemonstration)
    builder.Services.AddHostedService<DemonstrationClient>();
await builder.Build().RunAsync();
