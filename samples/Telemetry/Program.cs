using System.Net;
using System.Net.Sockets;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using UserTcp;
using UserTcp.Diagnostics;
using UserTcp.Links;

// Two stacks on one virtual link, watched by the OpenTelemetry SDK: spans as they end, metrics when all is over.
// AddOtlpExporter() in place of AddConsoleExporter() sends both to a collector.
using TracerProvider traces = Sdk.CreateTracerProviderBuilder()
    .AddSource(UserTcpTelemetry.ActivitySourceName)
    .AddConsoleExporter()
    .Build();
using MeterProvider metrics = Sdk.CreateMeterProviderBuilder()
    .AddMeter(UserTcpTelemetry.MeterName)
    .AddConsoleExporter()
    .Build();

IPAddress serverAddress = IPAddress.Parse("10.0.0.2");
(VirtualLink left, VirtualLink right) = VirtualLink.CreatePair();
await using UserTcpStack client = await OpenAsync("client", left, "10.0.0.1/24");
await using UserTcpStack server = await OpenAsync("server", right, "10.0.0.2/24");

await using UserTcpListener listener = await server.ListenAsync(7);
Task echo = EchoAsync(listener);
await using (UserTcpConnection connection = await client.ConnectAsync(serverAddress, 7))
{
    Task write = WriteAsync(connection, bytes: 1_000_000);
    await connection.Input.CopyToAsync(Stream.Null);
    await write;
}

await echo;
try
{
    await client.ConnectAsync(serverAddress, 9);
}
catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
{
    Console.WriteLine("(nobody listens on port 9: that span failed)");
}

metrics.Shutdown(); // the last reading, while the stacks are still there

static ValueTask<UserTcpStack> OpenAsync(string name, LinkDevice link, string address) =>
    UserTcpStack.OpenAsync(new UserTcpStackOptions
    {
        Name = name,
        Link = link,
        Addresses = { UserTcpAddress.Parse(address) },
    });

static async Task WriteAsync(UserTcpConnection connection, int bytes)
{
    await connection.Output.WriteAsync(new byte[bytes]);
    await connection.Output.CompleteAsync();
}

static async Task EchoAsync(UserTcpListener listener)
{
    await using UserTcpConnection connection = await listener.AcceptAsync();
    await connection.Input.CopyToAsync(connection.Output);
    await connection.CloseAsync();
}
