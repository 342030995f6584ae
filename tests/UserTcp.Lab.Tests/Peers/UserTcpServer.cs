using System.Collections.Concurrent;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>A server on our own TCP, with a handler for each connection.</summary>
internal sealed class UserTcpServer : IAsyncDisposable
{
    private readonly UserTcpListener _listener;
    private readonly ConcurrentBag<Exception> _failures = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    private UserTcpServer(UserTcpListener listener, Func<UserTcpConnection, CancellationToken, Task> handler)
    {
        _listener = listener;
        _serving = ServeAsync(handler);
    }

    /// <summary>What handlers threw.</summary>
    public IReadOnlyCollection<Exception> Failures => _failures;

    /// <summary>Starts a server; what the handler leaves of its connection is disposed of.</summary>
    public static async Task<UserTcpServer> StartAsync(
        UserTcpStack stack, int port, Func<UserTcpConnection, CancellationToken, Task> handler) =>
        new(await stack.ListenAsync(port), handler);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _listener.DisposeAsync();
        await _serving;
        _end.Dispose();
    }

    private async Task ServeAsync(Func<UserTcpConnection, CancellationToken, Task> handler)
    {
        List<Task> handling = [];
        await foreach (UserTcpConnection connection in _listener.AcceptAllAsync())
            handling.Add(HandleAsync(connection, handler));
        await Task.WhenAll(handling);
    }

    private async Task HandleAsync(
        UserTcpConnection connection, Func<UserTcpConnection, CancellationToken, Task> handler)
    {
        await using (connection)
        {
            try
            {
                await handler(connection, _end.Token);
            }
            catch (Exception e) when (!_end.IsCancellationRequested)
            {
                _failures.Add(e);
            }
            catch (OperationCanceledException)
            {
                // The test is over.
            }
        }
    }
}
