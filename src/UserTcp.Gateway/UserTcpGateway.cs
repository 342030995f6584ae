using System.Net.Sockets;
using UserTcp.Companions;
using UserTcp.Links;

namespace UserTcp.Gateway;

/// <summary>
/// A router in this process for a stack without privileges. On its link it answers ARP and ping for its address and
/// accepts TCP to any address. It connects a socket of the operating system first, reports the result to the peer, and
/// relays in both directions with half-close, resets and back-pressure. All members are thread-safe.
/// </summary>
/// <remarks>
/// Every program that can send on the link connects with the rights of this process: see
/// <see cref="UserTcpGatewayOptions.DestinationFilter"/> and <see cref="UserTcpGatewayOptions.AllowLoopback"/>.
/// </remarks>
public sealed class UserTcpGateway : IAsyncDisposable
{
    private const int SpareSynBacklog = 1024;

    private readonly UserTcpStack _stack;
    private readonly UserTcpRequestListener _listener;
    private readonly LimitedLogger _logger;
    private readonly GatewayContext _context;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _flowsLock = new();
    private readonly HashSet<Task> _flows = [];
    private readonly Lazy<Task> _stopped;
    private readonly Task _accepting;

    private UserTcpGateway(UserTcpStack stack, UserTcpRequestListener listener, UserTcpGatewayOptions options)
    {
        LimitedLogger logger = LoggerOf(options);
        _logger = logger;
        _stack = stack;
        _listener = listener;
        _context = new(options, new DestinationPolicy(options, logger), logger, _stopping.Token);
        _stopped = new Lazy<Task>(StopAsync);
        GatewayLog.Started(logger, options.Address, stack.Link.Info.Name);
        _accepting = AcceptAsync();
    }

    /// <summary>The router's address on the link, which stacks name as their gateway.</summary>
    public UserTcpAddress Address => _context.Options.Address;

    /// <summary>Starts a router on a link.</summary>
    /// <param name="link">
    /// An open link, for instance one end of <see cref="VirtualLink.CreatePair"/>. The gateway owns it from now on,
    /// also if the start fails.
    /// </param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the start; nothing stays open.</param>
    /// <returns>A running gateway, which the caller has to dispose of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.AddressAlreadyInUse"/>: another station on the link has the address.
    /// </exception>
    /// <exception cref="IOException">The link failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async ValueTask<UserTcpGateway> StartAsync(
        LinkDevice link, UserTcpGatewayOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(link);
        UserTcpStack? stack = null;
        try
        {
            UserTcpGatewayOptions copy = (options ?? new()).ValidatedCopy();
            await SystemSocket.PrepareAsync().ConfigureAwait(false);
            stack = await UserTcpStack.OpenAsync(StackOptions(link, copy), cancellationToken).ConfigureAwait(false);
            UserTcpRequestListener listener = await stack.ListenForRequestsAsync(
                new UserTcpRequestListenerOptions
                {
                    AnyAddress = true, SynBacklog = SynBacklog(copy), ConnectionOptions = copy.ConnectionOptions,
                },
                cancellationToken).ConfigureAwait(false);
            return new UserTcpGateway(stack, listener, copy);
        }
        catch
        {
            if (stack is not null)
                await stack.DisposeAsync().ConfigureAwait(false);
            link.Dispose();
            throw;
        }
    }

    /// <summary>The gateway's counters.</summary>
    /// <returns>A snapshot.</returns>
    public UserTcpGatewayStatistics GetStatistics() =>
        _context.Counters.Snapshot(_context.Room.Count, _listener.GetStatistics().Overflows);

    /// <summary>
    /// Resets all connections on both sides and closes the link. Idempotent: later calls wait for the first. To end
    /// gracefully, dispose of the stacks that use the gateway first.
    /// </summary>
    /// <returns>Completed when all connections have ended.</returns>
    public async ValueTask DisposeAsync() => await _stopped.Value.ConfigureAwait(false);

    /// <summary>Waits for the connections to end by themselves, once no stack is left to make more.</summary>
    /// <returns>False if the time was over first.</returns>
    internal async Task<bool> DrainAsync(TimeSpan timeout)
    {
        try
        {
            await Task.WhenAll(Flows()).WaitAsync(timeout).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private static UserTcpStackOptions StackOptions(LinkDevice link, UserTcpGatewayOptions options) => new()
    {
        Link = link,
        Name = "gateway",
        MacAddress = options.MacAddress,
        Addresses = { options.Address },
        MaxHalfOpenConnections = SynBacklog(options),
        LoggerFactory = options.LoggerFactory,
    };

    // Requests beyond MaxConnections have to be heard of: they may displace others, and are counted.
    private static int SynBacklog(UserTcpGatewayOptions options) =>
        Math.Min(ushort.MaxValue, options.MaxConnections + SpareSynBacklog);

    private static LimitedLogger LoggerOf(UserTcpGatewayOptions options) =>
        LimitedLogger.Create(options.LoggerFactory, "UserTcp.Gateway");

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                Start(new GatewayFlow(_context, await _listener.AcceptAsync().ConfigureAwait(false)));
        }
        catch (SocketException error)
        {
            // Disposal, or the link is gone: then the stack has ended every connection already.
            if (!_stopping.IsCancellationRequested)
                GatewayLog.Stopped(_context.Logger, error.Message);
        }
    }

    private void Start(GatewayFlow flow)
    {
        Task task = Task.Run(flow.RunAsync);
        lock (_flowsLock)
            _flows.Add(task);

        _ = task.ContinueWith(
            Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private void Forget(Task flow)
    {
        lock (_flowsLock)
            _flows.Remove(flow);
    }

    private Task[] Flows()
    {
        lock (_flowsLock)
            return [.. _flows];
    }

    private async Task StopAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _accepting.ConfigureAwait(false);
        await Task.WhenAll(Flows()).ConfigureAwait(false);
        await _stack.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
        _logger.TellLeftOut();
    }
}
