using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace UserTcp.Extensions.Hosting;

/// <summary>Answers <c>usertcp ss</c> for all stacks of a container, for as long as its host runs.</summary>
internal sealed class UserTcpDiagnosticsService(IServiceProvider provider, UserTcpDiagnosticsEndpointOptions options)
    : IHostedService
{
    private readonly List<UserTcpDiagnosticsEndpoint> _endpoints = [];

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (UserTcpStack stack in provider.GetKeyedServices<UserTcpStack>(KeyedService.AnyKey))
            {
                _endpoints.Add(UserTcpDiagnosticsEndpoint.Start(stack, options));
            }
        }
        catch
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (UserTcpDiagnosticsEndpoint endpoint in _endpoints)
        {
            await endpoint.DisposeAsync().ConfigureAwait(false);
        }

        _endpoints.Clear();
    }
}
