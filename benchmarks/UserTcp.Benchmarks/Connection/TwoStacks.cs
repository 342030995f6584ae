using System.IO.Pipelines;
using System.Net;
using UserTcp.Links;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// Two whole stacks with their threads over a virtual link, and what serves at one of them. Everything by the public
/// API.
/// </summary>
internal sealed class TwoStacks : IAsyncDisposable
{
    private static readonly IPAddress s_clientAddress = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress s_serverAddress = IPAddress.Parse("10.0.0.2");
    private readonly UserTcpStack _client;
    private readonly UserTcpStack _server;
    private readonly List<UserTcpListener> _listeners = [];
    private readonly List<Task> _services = [];

    private TwoStacks(UserTcpStack client, UserTcpStack server)
    {
        _client = client;
        _server = server;
    }

    public static async Task<TwoStacks> OpenAsync(PipeScheduler scheduler)
    {
        (VirtualLink first, VirtualLink second) = VirtualLink.CreatePair();
        UserTcpStack client = await UserTcpStack.OpenAsync(Options(first, s_clientAddress, scheduler));
        UserTcpStack server = await UserTcpStack.OpenAsync(Options(second, s_serverAddress, scheduler));
        return new TwoStacks(client, server);
    }

    /// <summary>Whoever connects to the port is served, each by a task of its own.</summary>
    /// <param name="port">The port.</param>
    /// <param name="serve">Serves one connection to its end.</param>
    public async Task ServeAsync(int port, Func<UserTcpConnection, Task> serve)
    {
        UserTcpListener listener = await _server.ListenAsync(port);
        _listeners.Add(listener);
        _services.Add(AcceptAsync(listener, serve));
    }

    public ValueTask<UserTcpConnection> ConnectAsync(int port, CancellationToken cancellationToken = default) =>
        _client.ConnectAsync(new IPEndPoint(s_serverAddress, port), cancellationToken: cancellationToken);

    /// <summary>The clients' connections have to be closed before.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (UserTcpListener listener in _listeners)
        {
            await listener.DisposeAsync();
        }

        await Task.WhenAll(_services);
        await _client.DisposeAsync();
        await _server.DisposeAsync();
    }

    private static UserTcpStackOptions Options(LinkDevice link, IPAddress address, PipeScheduler scheduler) => new()
    {
        Link = link,
        Addresses = { new UserTcpAddress(address, 24) },
        ApplicationScheduler = scheduler,
        MaxTimeWaitConnections = 256, // connections of a benchmark must not wait for ports
    };

    private static async Task AcceptAsync(UserTcpListener listener, Func<UserTcpConnection, Task> serve)
    {
        var serving = new List<Task>();
        await foreach (UserTcpConnection connection in listener.AcceptAllAsync())
        {
            serving.RemoveAll(task => task.IsCompletedSuccessfully);
            serving.Add(Task.Run(() => ServeAsync(connection, serve)));
        }

        await Task.WhenAll(serving);
    }

    private static async Task ServeAsync(UserTcpConnection connection, Func<UserTcpConnection, Task> serve)
    {
        await using (connection)
        {
            try
            {
                await serve(connection);
            }
            catch (UserTcpConnectionException)
            {
                // The client went: that is how its benchmark ends.
            }
        }
    }
}
