using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using UserTcp;
using UserTcp.AspNetCore;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Lets Kestrel listen on stacks.</summary>
public static class UserTcpWebHostBuilderExtensions
{
    /// <summary>
    /// Lets Kestrel listen on a stack: on end points of <see cref="UserTcpEndPoint"/>, and on plain ones whose address
    /// is the stack's. Everything else stays with the kernel's sockets.
    /// </summary>
    /// <param name="builder">The builder; the order of the calls on it does not matter.</param>
    /// <param name="stack">
    /// Becomes a service of the application too. It stays the caller's, to be disposed of after the application.
    /// </param>
    /// <param name="configure">Changes options; may be null.</param>
    /// <returns>The builder.</returns>
    public static IWebHostBuilder UseUserTcp(
        this IWebHostBuilder builder, UserTcpStack stack, Action<UserTcpTransportOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(stack);
        return builder.ConfigureServices(services => services.AddSingleton(stack)).UseUserTcp(configure);
    }

    /// <summary>
    /// Lets Kestrel listen on the stacks that are registered as services, keyed ones too. To be called once; more calls
    /// only configure.
    /// </summary>
    /// <param name="builder">The builder; the order of the calls on it does not matter.</param>
    /// <param name="configure">Changes options; may be null.</param>
    /// <returns>The builder.</returns>
    public static IWebHostBuilder UseUserTcp(
        this IWebHostBuilder builder, Action<UserTcpTransportOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // Kestrel asks the factory that was registered last, and adds its sockets only where there is no factory yet:
        // so they come first, whatever the order of the application's calls.
        return builder.UseSockets().ConfigureServices(services =>
        {
            services.TryAddSingleton<StackDirectory>();
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnectionListenerFactory, TransportFactory>());
            if (configure is not null)
                services.Configure(configure);
        });
    }
}
