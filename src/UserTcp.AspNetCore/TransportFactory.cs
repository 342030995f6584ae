using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using UserTcp.Companions;

namespace UserTcp.AspNetCore;

/// <summary>Kestrel's way to listen on stacks.</summary>
internal sealed class TransportFactory : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly StackDirectory _stacks;
    private readonly UserTcpTransportOptions _options;
    private readonly ConnectionSurroundings _surroundings;
    private readonly LimitedLogger _logger;
    private IoQueues? _queues;

    public TransportFactory(
        StackDirectory stacks, IOptions<UserTcpTransportOptions> options, ILoggerFactory loggers,
        IServiceProvider services)
    {
        _stacks = stacks;
        _options = options.Value;
        MemoryPool<byte> pool = services.GetService<IMemoryPoolFactory<byte>>()
            ?.Create(new MemoryPoolOptions { Owner = "usertcp" }) ?? MemoryPool<byte>.Shared;
        _logger = LimitedLogger.Create(loggers, TransportLog.Category);
        _surroundings = new ConnectionSurroundings(
            pool, _logger, _options.AllowHalfOpenConnections,
            services.GetService<TimeProvider>() ?? TimeProvider.System);
    }

    public bool CanBind(EndPoint endpoint) =>
        endpoint is UserTcpEndPoint
        || (_options.ClaimStackAddresses && endpoint is IPEndPoint ip && _stacks.OwnerOf(ip.Address) is not null);

    public async ValueTask<IConnectionListener> BindAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(_options.IOQueueCount, nameof(_options.IOQueueCount));
        (UserTcpStack stack, IPEndPoint local) = Locate(endpoint);
        var options = new UserTcpListenerOptions
        {
            LocalEndPoint = local, Backlog = _options.Backlog, ConnectionOptions = ConnectionOptions(stack),
        };
        try
        {
            UserTcpListener listener = await stack.ListenAsync(options, cancellationToken).ConfigureAwait(false);
            EndPoint bound = endpoint is UserTcpEndPoint own
                ? own.WithPort(listener.LocalEndPoint.Port)
                : listener.LocalEndPoint;
            return new TransportListener(listener, bound, _surroundings);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            throw new AddressInUseException(error.Message, error);
        }
    }

    public void Dispose()
    {
        _logger.TellLeftOut();
        _surroundings.MemoryPool.Dispose();
    }

    private UserTcpConnectionOptions ConnectionOptions(UserTcpStack stack)
    {
        UserTcpConnectionOptions options = _options.ConnectionOptions?.Clone() ?? stack.CreateConnectionOptions();
        options.NoDelay = _options.NoDelay ?? options.NoDelay;
        options.ReceiveBufferSize = _options.ReceiveBufferSize ?? options.ReceiveBufferSize;
        options.SendBufferSize = _options.SendBufferSize ?? options.SendBufferSize;
        if (_options.UnsafePreferInlineScheduling)
            options.ApplicationScheduler = PipeScheduler.Inline;
        else if (_options.IOQueueCount > 0)
            options.ApplicationScheduler = _queues ??= new IoQueues(_options.IOQueueCount);
        return options;
    }

    private (UserTcpStack Stack, IPEndPoint Local) Locate(EndPoint endpoint) => endpoint switch
    {
        UserTcpEndPoint own => (_stacks.StackOf(own), new IPEndPoint(own.Address, own.Port)),
        IPEndPoint plain when _stacks.OwnerOf(plain.Address) is UserTcpStack stack => (stack, plain),
        _ => throw new NotSupportedException($"No stack has the end point {endpoint}."),
    };
}
