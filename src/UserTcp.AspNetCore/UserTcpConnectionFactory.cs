using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using UserTcp.Companions;

namespace UserTcp.AspNetCore;

/// <summary>
/// Connects over a stack, for what dials through Microsoft.AspNetCore.Connections. Register it as
/// <see cref="IConnectionFactory"/> if the application wants that. Thread-safe.
/// </summary>
public sealed class UserTcpConnectionFactory : IConnectionFactory
{
    private readonly UserTcpStack _stack;
    private readonly ConnectionSurroundings _surroundings;

    /// <summary>Makes a factory.</summary>
    /// <param name="stack">The stack to connect over; it stays the caller's.</param>
    /// <param name="loggers">Logs how connections end; null for no log.</param>
    public UserTcpConnectionFactory(UserTcpStack stack, ILoggerFactory? loggers = null)
    {
        ArgumentNullException.ThrowIfNull(stack);
        _stack = stack;
        _surroundings = new ConnectionSurroundings(
            MemoryPool<byte>.Shared, LimitedLogger.Create(loggers, TransportLog.Category),
            AllowHalfOpen: true, TimeProvider.System);
    }

    /// <summary>Connects with <see cref="UserTcpStackOptions.ConnectionDefaults"/> of the stack.</summary>
    /// <param name="endpoint">
    /// An <see cref="IPEndPoint"/>, or a <see cref="UserTcpEndPoint"/>, whose stack, if it names one, is used.
    /// </param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>
    /// The connection, which the caller has to dispose of. Its reads fail with
    /// <see cref="ConnectionResetException"/> and <see cref="ConnectionAbortedException"/>; its
    /// <see cref="BaseConnectionContext.ConnectionClosed"/> is cancelled when both directions are over. It has the
    /// feature <see cref="IUserTcpConnectionFeature"/>.
    /// </returns>
    /// <inheritdoc
    ///     cref="UserTcpStack.ConnectAsync(EndPoint, UserTcpConnectionOptions?, CancellationToken)" path="/exception"/>
    public async ValueTask<ConnectionContext> ConnectAsync(
        EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        (UserTcpStack stack, EndPoint remote) = endpoint is UserTcpEndPoint own
            ? (own.Stack ?? _stack, new IPEndPoint(own.Address, own.Port))
            : (_stack, endpoint);
        return new TransportConnection(
            await stack.ConnectAsync(remote, null, cancellationToken).ConfigureAwait(false), _surroundings);
    }
}
