using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using UserTcp;

namespace EchoServer;

/// <summary>Sends back whatever it is sent, on port 7 or the one that <c>--Port</c> says.</summary>
internal sealed partial class EchoService(
    [FromKeyedServices("echo")] UserTcpStack stack, IConfiguration configuration, ILogger<EchoService> logger)
    : IHostedService
{
    private UserTcpListener? _listener;
    private Task _serving = Task.CompletedTask;

    // Not a BackgroundService: who starts after this one finds the port open.
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = await stack.ListenAsync(configuration.GetValue("Port", 7), cancellationToken);
        Listening(logger, stack.Addresses[0].Address, _listener.LocalEndPoint.Port);
        _serving = ServeAsync(_listener);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _listener!.DisposeAsync();
        await _serving;
    }

    private async Task ServeAsync(UserTcpListener listener)
    {
        await foreach (UserTcpConnection connection in listener.AcceptAllAsync())
        {
            _ = EchoAsync(connection);
        }
    }

    private async Task EchoAsync(UserTcpConnection connection)
    {
        await using (connection)
        {
            try
            {
                await connection.Input.CopyToAsync(connection.Output);
                await connection.CloseAsync();
                Served(logger, connection.RemoteEndPoint.ToString(), connection.GetInfo().BytesReceived);
            }
            catch (IOException e)
            {
                Broken(logger, connection.RemoteEndPoint.ToString(), e.Message);
            }
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Echo on {Address}:{Port}")]
    private static partial void Listening(ILogger logger, System.Net.IPAddress address, int port);

    [LoggerMessage(2, LogLevel.Information, "{Peer} was sent back {Bytes} bytes")]
    private static partial void Served(ILogger logger, string peer, long bytes);

    [LoggerMessage(3, LogLevel.Warning, "{Peer} went away: {Reason}")]
    private static partial void Broken(ILogger logger, string peer, string reason);
}
