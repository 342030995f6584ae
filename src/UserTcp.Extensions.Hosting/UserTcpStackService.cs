using Microsoft.Extensions.Hosting;

namespace UserTcp.Extensions.Hosting;

/// <summary>Starts a stack before anything else of a host starts, and ends it when all else has stopped.</summary>
internal sealed class UserTcpStackService(UserTcpStack stack) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => stack.StartAsync(cancellationToken).AsTask();

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        Task end = stack.DisposeAsync().AsTask();
        // The host's patience is over: what is still to be acknowledged is reset.
        using CancellationTokenRegistration hurry = cancellationToken.UnsafeRegister(
            static one => ((UserTcpStack)one!).Abort(), stack);
        await end.ConfigureAwait(false);
    }
}
