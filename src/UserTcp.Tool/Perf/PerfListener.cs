using System.Net;
using System.Net.Sockets;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Perf;

/// <summary>
/// The server's port. The segment size, the buffers and the congestion control of a connection are settled when it is
/// opened: for a test that asks for other ones the port is closed and opened again, as iperf3 does it. Thread-safe.
/// </summary>
internal sealed class PerfListener : IAsyncDisposable
{
    private readonly NetworkSession _session;
    private readonly IPEndPoint _local;
    private Task<UserTcpListener> _listening;

    private PerfListener(NetworkSession session, IPEndPoint local, UserTcpListener first)
    {
        _session = session;
        _local = local;
        _listening = Task.FromResult(first);
    }

    /// <exception cref="ToolException">The port cannot be listened on.</exception>
    public static async Task<PerfListener> StartAsync(
        NetworkSession session, IPEndPoint local, CancellationToken cancellationToken) =>
        new(session, local, await ListenAsync(session, local, options: null, cancellationToken));

    /// <summary>Waits for a connection.</summary>
    /// <exception cref="SocketException">The link is gone.</exception>
    public async Task<UserTcpConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task<UserTcpListener> listening = Volatile.Read(ref _listening);
            try
            {
                return await (await listening).AcceptAsync(cancellationToken);
            }
            catch (SocketException) when (listening != Volatile.Read(ref _listening))
            {
                // Another listener has taken its place.
            }
        }
    }

    /// <summary>Sets the options of the connections to come; one call at a time.</summary>
    /// <param name="options">Null for the stack's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">The port cannot be listened on any more.</exception>
    public async Task UseAsync(UserTcpConnectionOptions? options, CancellationToken cancellationToken)
    {
        var next = new TaskCompletionSource<UserTcpListener>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<UserTcpListener> before = Interlocked.Exchange(ref _listening, next.Task);
        try
        {
            await (await before).DisposeAsync();
            next.SetResult(await ListenAsync(_session, _local, options, cancellationToken));
        }
        catch (Exception error)
        {
            next.SetException(error);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_listening.IsCompletedSuccessfully)
            await (await _listening).DisposeAsync();
    }

    private static async Task<UserTcpListener> ListenAsync(
        NetworkSession session, IPEndPoint local, UserTcpConnectionOptions? options,
        CancellationToken cancellationToken)
    {
        try
        {
            var settings = new UserTcpListenerOptions
            {
                LocalEndPoint = local, ConnectionOptions = options,
            };
            return await session.Stack.ListenAsync(settings, cancellationToken);
        }
        catch (SocketException error)
        {
            throw new ToolException(Failure.Connect, $"{local} cannot be listened on: {error.Message}", error);
        }
    }
}
