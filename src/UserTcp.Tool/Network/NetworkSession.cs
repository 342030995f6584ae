using System.Net;
using System.Net.Sockets;
using UserTcp.Gateway;
using UserTcp.Links;

namespace UserTcp.Tool.Network;

/// <summary>The stack that the user asked for, on the link that he chose.</summary>
internal sealed class NetworkSession : IAsyncDisposable
{
    private readonly IAsyncDisposable _owner;
    private readonly NetworkSettings _settings;
    private UserTcpDiagnosticsEndpoint? _diagnostics;

    private NetworkSession(
        UserTcpStack stack, IAsyncDisposable owner, IPAddress? loopback, NetworkSettings settings)
    {
        _owner = owner;
        _settings = settings;
        Stack = stack;
        LoopbackAlias = loopback;
    }

    public UserTcpStack Stack { get; }

    /// <summary>The address that stands for this machine's own loopback; null if none does.</summary>
    public IPAddress? LoopbackAlias { get; }

    /// <summary>Opens the link and starts the stack.</summary>
    /// <param name="settings">What the user asked for.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">It cannot be opened; the message says what helps.</exception>
    public static async Task<NetworkSession> OpenAsync(NetworkSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            NetworkSession session = settings.IsGateway
                ? await OpenGatewayAsync(settings, cancellationToken)
                : await OpenLinkAsync(settings, cancellationToken);
            return await WithDiagnosticsAsync(session);
        }
        catch (ArgumentException error)
        {
            throw new ToolException(Failure.Usage, ToolException.WordsOf(error), error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SocketException
            or DllNotFoundException or NotSupportedException)
        {
            throw new ToolException(Failure.Link, error.Message, error);
        }
    }

    /// <summary>The same, for a command that is to be reached by others.</summary>
    /// <exception cref="ToolException">It cannot be opened, or nobody could reach it.</exception>
    public static Task<NetworkSession> OpenForOthersAsync(
        NetworkSettings settings, CancellationToken cancellationToken) => settings.IsGateway
        ? throw new ToolException(
            Failure.Usage, "No host can reach this process through the gateway: use --link DEV and --address A/P.")
        : OpenAsync(settings, cancellationToken);

    /// <summary>The IPv4 addresses of a host that can be reached from the stack; at least one.</summary>
    /// <param name="host">An address or a name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">Nobody knows it, or it cannot be reached from there.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = await HostNames.LookUpAsync(host, _settings.Resolve, cancellationToken);

        // 127.0.0.1 means "this host", and on the link that would be the stack itself. Behind the gateway the stack
        // knows the way there, and errors name the address that the user typed.
        IPAddress[] reachable =
            [.. addresses.Where(address => LoopbackAlias is not null || !IPAddress.IsLoopback(address))];
        return reachable.Length > 0 ? reachable : throw new ToolException(
            Failure.Connect, "This machine's loopback cannot be reached from the wire: use --link gateway.");
    }

    /// <summary>Connects to the first address of a host that lets itself be connected to.</summary>
    /// <param name="host">An address or a name.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="options">Null for the stack's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">Nobody knows it, or what the last address failed by.</exception>
    public async Task<UserTcpConnection> ConnectAsync(
        string host, int port, UserTcpConnectionOptions? options, CancellationToken cancellationToken) =>
        await ConnectAsync(await ResolveAsync(host, cancellationToken), port, options, cancellationToken);

    /// <summary>Connects to the first of some addresses that lets itself be connected to.</summary>
    /// <param name="addresses">At least one.</param>
    /// <param name="port">1 to 65535.</param>
    /// <param name="options">Null for the stack's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">What the last address failed by.</exception>
    public async Task<UserTcpConnection> ConnectAsync(
        IPAddress[] addresses, int port, UserTcpConnectionOptions? options, CancellationToken cancellationToken)
    {
        foreach (IPAddress address in addresses.SkipLast(1))
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(address, port), options, cancellationToken);
            }
            catch (ToolException)
            {
                // The next one may do better.
            }
        }

        return await ConnectAsync(new IPEndPoint(addresses[^1], port), options, cancellationToken);
    }

    /// <summary>Connects.</summary>
    /// <param name="destination">An address and a port.</param>
    /// <param name="options">Null for the stack's own.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">Refused, unreachable, or no answer.</exception>
    public async Task<UserTcpConnection> ConnectAsync(
        IPEndPoint destination, UserTcpConnectionOptions? options, CancellationToken cancellationToken)
    {
        try
        {
            return await Stack.ConnectAsync(destination, options, cancellationToken);
        }
        catch (SocketException error)
        {
            throw FailureOf(error, destination);
        }
        catch (ArgumentException error)
        {
            throw new ToolException(
                Failure.Connect, $"{destination} cannot be connected to: {ToolException.WordsOf(error)}", error);
        }
    }

    /// <summary>Closes the stack, in order, and tells if the capture is not complete.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_diagnostics is not null)
            await _diagnostics.DisposeAsync();
        await _owner.DisposeAsync();
        if ((Stack.Link as CaptureLink)?.CaptureFailure is { } failure)
        {
            // Not thrown: it would take the place of what the command itself has failed by.
            _settings.CaptureFailed(
                new ToolException(Failure.Write, $"The capture is not complete: {failure.Message}", failure));
        }
    }

    /// <summary>A failed attempt, in the words of the user.</summary>
    public ToolException FailureOf(SocketException error, IPEndPoint destination) => error.SocketErrorCode switch
    {
        SocketError.TimedOut => new(Failure.TimedOut, $"{destination} did not answer.", error),
        SocketError.ConnectionRefused => new(Failure.Connect, $"{destination} refused the connection.", error),
        SocketError.NetworkUnreachable when Stack.Gateway is null => new(
            Failure.Connect, $"{destination} is not on the link, and there is no router: use --gateway.", error),
        _ => new(Failure.Connect, $"{destination} cannot be connected to: {error.Message}", error),
    };

    private static async Task<NetworkSession> WithDiagnosticsAsync(NetworkSession session)
    {
        if (!session._settings.HasDiagnostics)
            return session;

        try
        {
            session._diagnostics = UserTcpDiagnosticsEndpoint.Start(session.Stack);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    private static async Task<NetworkSession> OpenGatewayAsync(
        NetworkSettings settings, CancellationToken cancellationToken)
    {
        var embedded = new EmbeddedGatewayOptions();

        // Only a program that a person starts on his own machine may lend out the machine's loopback.
        embedded.Gateway.AllowLoopback = true;
        embedded.Address = settings.Address ?? embedded.Address;
        if (settings.Gateway is not null)
            embedded.Gateway.Address = new UserTcpAddress(settings.Gateway, embedded.Address.PrefixLength);
        if (settings.Tap is { } tap)
            embedded.ConfigureStack = options => options.Taps.Add(tap);
        if (settings.Capture is not null)
        {
            // A capture is for reading: whole segments with finished checksums, as they would be on a wire.
            embedded.Link.Features = LinkFeatures.PointToPoint;
            embedded.WrapLink = link => Captured(link, settings);
        }

        EmbeddedGateway gateway = await EmbeddedGateway.StartAsync(embedded, cancellationToken);
        return new NetworkSession(gateway.Stack, gateway, embedded.Gateway.Address.Address, settings);
    }

    private static async Task<NetworkSession> OpenLinkAsync(
        NetworkSettings settings, CancellationToken cancellationToken)
    {
        if (settings.Address is null)
        {
            throw new ToolException(Failure.Usage,
                $"--address A/P is needed with --link {settings.Link}: one that nobody else on the link has.");
        }

        LinkDevice link = Captured(LinkDevice.Open(settings.Link), settings);
        var options = new UserTcpStackOptions
        {
            Link = link, Addresses = { settings.Address.Value }, Gateway = settings.Gateway,
        };
        if (settings.Tap is not null)
            options.Taps.Add(settings.Tap);
        try
        {
            UserTcpStack stack = await UserTcpStack.OpenAsync(options, cancellationToken);
            return new NetworkSession(stack, stack, loopback: null, settings);
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    private static LinkDevice Captured(LinkDevice link, NetworkSettings settings)
    {
        if (settings.Capture is null)
            return link;

        try
        {
            return new CaptureLink(link, settings.Capture);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException
            or ArgumentException)
        {
            link.Dispose();
            throw new ToolException(
                Failure.Write, $"The capture cannot be written: {ToolException.WordsOf(error)}", error);
        }
    }
}
