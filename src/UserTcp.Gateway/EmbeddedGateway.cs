using UserTcp.Links;

namespace UserTcp.Gateway;

/// <summary>
/// A stack that reaches real servers from an unprivileged process: a stack, a router, and the link in memory between
/// them. All members are thread-safe.
/// </summary>
public sealed class EmbeddedGateway : IAsyncDisposable
{
    private readonly TimeSpan _shutdownTimeout;

    private EmbeddedGateway(UserTcpGateway gateway, UserTcpStack stack, TimeSpan shutdownTimeout)
    {
        _shutdownTimeout = shutdownTimeout;
        Gateway = gateway;
        Stack = stack;
    }

    /// <summary>The stack: connect with it. Disposed of with this object.</summary>
    public UserTcpStack Stack { get; }

    /// <summary>The router on the other end of the link.</summary>
    public UserTcpGateway Gateway { get; }

    /// <summary>Makes the link, the router and the stack, and starts them.</summary>
    /// <param name="options">Copied; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start; nothing stays open.</param>
    /// <returns>A running pair, which the caller has to dispose of.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or they contradict each other.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<EmbeddedGateway> StartAsync(
        EmbeddedGatewayOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ShutdownTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.ShutdownTimeout, TimeSpan.FromMinutes(10));
        (VirtualLink inside, VirtualLink outside) = VirtualLink.CreatePair(options.Link);
        UserTcpGateway? gateway = null;
        LinkDevice link = inside;
        try
        {
            gateway = await UserTcpGateway.StartAsync(outside, options.Gateway, cancellationToken)
                .ConfigureAwait(false);
            link = options.WrapLink?.Invoke(inside) ?? inside;
            UserTcpStack stack = await UserTcpStack.OpenAsync(StackOptions(link, options), cancellationToken)
                .ConfigureAwait(false);
            return new EmbeddedGateway(gateway, stack, options.ShutdownTimeout);
        }
        catch
        {
            if (gateway is not null)
                await gateway.DisposeAsync().ConfigureAwait(false);
            link.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Disposes of the stack, which delivers queued bytes and closes its connections, and then of the router.
    /// Idempotent.
    /// </summary>
    /// <returns>Completed when both have ended.</returns>
    public async ValueTask DisposeAsync()
    {
        await Stack.DisposeAsync().ConfigureAwait(false);

        // What the router acknowledged is not with the servers yet, and the stack rests assured that it will be.
        await Gateway.DrainAsync(_shutdownTimeout).ConfigureAwait(false);
        await Gateway.DisposeAsync().ConfigureAwait(false);
    }

    private static UserTcpStackOptions StackOptions(LinkDevice link, EmbeddedGatewayOptions options)
    {
        UserTcpStackOptions stack = new()
        {
            Link = link,
            Name = "embedded",
            MacAddress = options.MacAddress,
            Addresses = { options.Address },
            Gateway = options.Gateway.Address.Address,
            LoopbackAlias = options.Gateway.AllowLoopback ? options.Gateway.Address.Address : null,
            LoggerFactory = options.Gateway.LoggerFactory,
        };
        options.ConfigureStack?.Invoke(stack);
        return stack;
    }
}
