using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using UserTcp;
using UserTcp.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds stacks to the services of an application.</summary>
/// <remarks>
/// A stack is a singleton under its name, <c>[FromKeyedServices("lan")] UserTcpStack</c>; the first one to be added is
/// also the <see cref="UserTcpStack"/> without a name. It starts before the other services of the host start and stops
/// after they have stopped, so that Kestrel finds it running and ends first; without a host it starts on first use and
/// ends with the container. Logs and meters go to the container's <see cref="ILoggerFactory"/> and
/// <see cref="IMeterFactory"/>, unless the options name others.
/// </remarks>
public static class UserTcpServiceCollectionExtensions
{
    /// <summary>Adds a stack.</summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">The key of the stack, the name of its options, and what logs and meters call it.</param>
    /// <param name="configure">Sets its options; they are validated when the stack is made.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentException">There is a stack of this name.</exception>
    public static IServiceCollection AddUserTcpStack(
        this IServiceCollection services, string name, Action<UserTcpStackOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(services, name, options => options.Configure(configure));
    }

    /// <summary>Adds a stack whose options need other services: a link, a clock.</summary>
    /// <inheritdoc cref="AddUserTcpStack(IServiceCollection, string, Action{UserTcpStackOptions})"/>
    public static IServiceCollection AddUserTcpStack(
        this IServiceCollection services, string name, Action<IServiceProvider, UserTcpStackOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Add(
            services, name,
            options => options.Configure<IServiceProvider>((stack, provider) => configure(provider, stack)));
    }

    /// <summary>
    /// Adds a stack whose options are read from configuration: the properties of <see cref="UserTcpStackOptions"/> by
    /// their names, addresses, routes and the like as text. A key that is none of them, or a text that cannot be read,
    /// fails the start.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="name">The key of the stack, the name of its options, and what logs and meters call it.</param>
    /// <param name="section">The configuration, which is read when the stack is made.</param>
    /// <param name="configure">Sets options that no text can say, after those that were read; null for none.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentException">There is a stack of this name.</exception>
    [RequiresUnreferencedCode("Binding configuration finds the properties of the options by reflection.")]
    [RequiresDynamicCode("Binding configuration may need code that is made at run time.")]
    public static IServiceCollection AddUserTcpStack(
        this IServiceCollection services, string name, IConfiguration section,
        Action<UserTcpStackOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(section);
        return Add(
            services, name,
            options => options.Configure(stack =>
            {
                StackConfiguration.Bind(section, stack);
                configure?.Invoke(stack);
            }));
    }

    /// <summary>
    /// Lets <c>usertcp ss</c>, run by the same user, see the connections of all stacks of the container while its host
    /// runs (<see cref="UserTcpDiagnosticsEndpoint"/>). Without this call nothing listens.
    /// </summary>
    /// <param name="services">The services of the application.</param>
    /// <param name="configure">Sets options of the endpoints; null for the defaults.</param>
    /// <returns>The same services.</returns>
    public static IServiceCollection AddUserTcpDiagnostics(
        this IServiceCollection services, Action<UserTcpDiagnosticsEndpointOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = new UserTcpDiagnosticsEndpointOptions();
        configure?.Invoke(options);
        services.AddSingleton<IHostedService>(provider => new UserTcpDiagnosticsService(provider, options));
        return services;
    }

    private static IServiceCollection Add(
        IServiceCollection services, string name, Action<OptionsBuilder<UserTcpStackOptions>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        if (services.Any(one => one.ServiceType == typeof(UserTcpStack) && name.Equals(one.ServiceKey)))
            throw new ArgumentException($"There is a stack named '{name}' already.", nameof(name));

        configure(services.AddOptions<UserTcpStackOptions>(name));
        services.AddOptions<UserTcpStackOptions>(name)
            .PostConfigure<IServiceProvider>((options, provider) => FillIn(options, name, provider));
        services.AddKeyedSingleton(name, (provider, key) => new UserTcpStack(
            provider.GetRequiredService<IOptionsMonitor<UserTcpStackOptions>>().Get((string)key!)));
        services.TryAddSingleton(provider => provider.GetRequiredKeyedService<UserTcpStack>(name));
        services.AddSingleton<IHostedService>(
            provider => new UserTcpStackService(provider.GetRequiredKeyedService<UserTcpStack>(name)));
        return services;
    }

    private static void FillIn(UserTcpStackOptions options, string name, IServiceProvider provider)
    {
        options.Name ??= name;
        options.LoggerFactory ??= provider.GetService<ILoggerFactory>();
        options.MeterFactory ??= provider.GetService<IMeterFactory>();
    }
}
