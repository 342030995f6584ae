using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using UserTcp;

namespace EchoServer;

/// <summary>The other end of the virtual link: asks once, then ends the program.</summary>
internal sealed partial class DemonstrationClient(
    IHostApplicationLifetime lifetime, ILogger<DemonstrationClient> logger) : BackgroundService, IAsyncDisposable
{
    private UserTcpStack? _stack;

    // With the container, when the server's stack has ended: who leaves a virtual link first takes it from the other.
    public async ValueTask DisposeAsync()
    {
        if (_stack is not null)
            await _stack.DisposeAsync();
        Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stack = await UserTcpStack.OpenAsync("virtual:echo", "10.0.0.1/24", null, stoppingToken);
        await using UserTcpConnection connection =
            await _stack.ConnectAsync(IPAddress.Parse("10.0.0.2"), 7, stoppingToken);
        await connection.Output.WriteAsync("Is anybody there?"u8.ToArray(), stoppingToken);
        await connection.Output.CompleteAsync();
        using var answer = new StreamReader(connection.AsStream(leaveOpen: true));
        Answered(logger, await answer.ReadToEndAsync(stoppingToken));
        await connection.CloseAsync(stoppingToken);
        lifetime.StopApplication();
    }

    [LoggerMessage(1, LogLevel.Information, "The echo says: {Answer}")]
    private static partial void Answered(ILogger logger, string answer);
}
