using System.Net;
using System.Net.Sockets;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// A host of its own in this process: one link, one identity (MAC and IP addresses), many connections. All members are
/// thread-safe.
/// </summary>
/// <remarks>
/// The stack lives and dies with the process: bytes that were written and not acknowledged are lost when it ends.
/// Dispose of the stack, which waits for them, or await <see cref="UserTcpConnection.CloseAsync"/>. A process that
/// exits without that resets its connections; one that a signal ends does not, unless the application handles the
/// signal and disposes of the stack.
/// </remarks>
public sealed partial class UserTcpStack : IAsyncDisposable, IDisposable
{
    private readonly StackSettings _settings;
    private readonly StackLife _life;
    private readonly UserTcpConnectionOptions _connectionDefaults;
    private readonly UserTcpAddress[] _addresses;

    /// <summary>Makes a stack and opens nothing yet: every asynchronous member starts it on first use.</summary>
    /// <param name="options">Validated and copied.</param>
    /// <exception cref="ArgumentException">
    /// The options contradict each other; the message says what to change.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public UserTcpStack(UserTcpStackOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _settings = options.ToSettings();
        _life = new StackLife(_settings);
        _connectionDefaults = options.ConnectionDefaults.Clone();
        _addresses = [.. options.Addresses];
        Gateway = options.Gateway;
    }

    /// <summary>The options, validated and copied.</summary>
    internal StackSettings Settings => _settings;

    /// <summary>The run that is under way; null before the start.</summary>
    internal RunningStack? Running => _life.Running;

    /// <summary>Where the stack is in its life.</summary>
    public UserTcpStackState State => _life.State;

    /// <summary>The link under the stack.</summary>
    /// <exception cref="InvalidOperationException">The stack was made with a link name and is not started.</exception>
    public LinkDevice Link => _life.Link ?? throw NotStarted();

    /// <summary>The stack's address on the link.</summary>
    /// <exception cref="InvalidOperationException">It depends on the link, and the stack is not started.</exception>
    public MacAddress MacAddress => _settings.MacAddress ?? Running?.Config.MacAddress ?? throw NotStarted();

    /// <summary>The router for what is not on the link; null if there is none.</summary>
    public IPAddress? Gateway { get; }

    /// <summary>
    /// Makes options with the values of <see cref="UserTcpStackOptions.ConnectionDefaults"/>, to change some of them
    /// for one connection or listener. The stack keeps its defaults.
    /// </summary>
    /// <returns>New options each time.</returns>
    public UserTcpConnectionOptions CreateConnectionOptions() => _connectionDefaults.Clone();

    /// <summary>Makes a stack and starts it.</summary>
    /// <param name="options">Validated and copied.</param>
    /// <param name="cancellationToken">Ends the start; nothing stays open.</param>
    /// <returns>A running stack, which the caller has to dispose of.</returns>
    /// <inheritdoc cref="StartAsync" path="/exception"/>
    /// <exception cref="ArgumentException">The options contradict each other, or one is out of its range.</exception>
    public static async ValueTask<UserTcpStack> OpenAsync(
        UserTcpStackOptions options, CancellationToken cancellationToken = default)
    {
        var stack = new UserTcpStack(options);
        try
        {
            await stack.StartAsync(cancellationToken).ConfigureAwait(false);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Makes a stack and starts it: <c>OpenAsync("eth0", "192.168.1.50/24", "192.168.1.1")</c>.
    /// </summary>
    /// <param name="link">The device, as <see cref="UserTcpStackOptions.LinkName"/> has it.</param>
    /// <param name="address">The address and its prefix length. No other host on the link may use the address.</param>
    /// <param name="gateway">The router; null for none.</param>
    /// <param name="cancellationToken">Ends the start; nothing stays open.</param>
    /// <returns>A running stack, which the caller has to dispose of.</returns>
    /// <exception cref="FormatException">The address or the gateway cannot be read.</exception>
    /// <inheritdoc cref="OpenAsync(UserTcpStackOptions, CancellationToken)" path="/exception"/>
    public static ValueTask<UserTcpStack> OpenAsync(
        string link, string address, string? gateway = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(link);
        ArgumentNullException.ThrowIfNull(address);
        return OpenAsync(
            new UserTcpStackOptions
            {
                LinkName = link,
                Addresses = { UserTcpAddress.Parse(address) },
                Gateway = gateway is null ? null : IPAddress.Parse(gateway),
            },
            cancellationToken);
    }

    /// <summary>
    /// Opens the link and claims the addresses (RFC 5227). Idempotent; a failed start may be tried again.
    /// </summary>
    /// <param name="cancellationToken">Ends the start; nothing stays open.</param>
    /// <returns>Completed when the stack runs.</returns>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.AddressAlreadyInUse"/>: another station uses an address; the message names its MAC.
    /// </exception>
    /// <exception cref="UnauthorizedAccessException">
    /// The device may not be opened; the message says what helps.
    /// </exception>
    /// <exception cref="IOException">There is no such device, or it failed.</exception>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask StartAsync(CancellationToken cancellationToken = default) =>
        await _life.RunAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Connects to a TCP port, with <see cref="UserTcpStackOptions.ConnectionDefaults"/>.</summary>
    /// <param name="address">The peer; the stack's own addresses work too.</param>
    /// <param name="port">From 1 to 65,535.</param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>An established connection, which the caller has to dispose of.</returns>
    /// <inheritdoc cref="ConnectAsync(EndPoint, UserTcpConnectionOptions?, CancellationToken)" path="/exception"/>
    public ValueTask<UserTcpConnection> ConnectAsync(
        IPAddress address, int port, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        ushort checkedPort = OptionCheck.Port(port, 1, nameof(port));
        HostAddress remote = Destination(address, nameof(address));
        return ConnectCoreAsync(remote, checkedPort, _settings.ConnectionDefaults, cancellationToken);
    }

    /// <summary>Connects to a TCP port.</summary>
    /// <param name="remoteEndPoint">The peer, an <see cref="IPEndPoint"/>: names are not resolved here.</param>
    /// <param name="options">
    /// Validated and copied; null for <see cref="UserTcpStackOptions.ConnectionDefaults"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up the attempt.</param>
    /// <returns>An established connection, which the caller has to dispose of.</returns>
    /// <exception cref="ArgumentException">
    /// The destination is a multicast, broadcast or unspecified address, or not an IP end point.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">The port, or an option, is out of its range.</exception>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.ConnectionRefused"/>: the peer said no; <see cref="SocketError.TimedOut"/>: it said
    /// nothing; <see cref="SocketError.HostUnreachable"/>, <see cref="SocketError.NetworkUnreachable"/>: there is no
    /// way to it; <see cref="SocketError.NetworkDown"/>: the link is gone;
    /// <see cref="SocketError.AddressAlreadyInUse"/>, <see cref="SocketError.AddressNotAvailable"/>: the local end
    /// cannot be had; <see cref="SocketError.AddressFamilyNotSupported"/>: IPv6;
    /// <see cref="SocketError.TooManyOpenSockets"/>: <see cref="UserTcpStackOptions.MaxConnections"/>;
    /// <see cref="SocketError.OperationAborted"/>: the stack was disposed of meanwhile.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The stack was disposed of before.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<UserTcpConnection> ConnectAsync(
        EndPoint remoteEndPoint, UserTcpConnectionOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(remoteEndPoint);
        if (remoteEndPoint is not IPEndPoint peer)
        {
            throw new ArgumentException(
                $"{remoteEndPoint} is not an IPEndPoint: resolve the name first.", nameof(remoteEndPoint));
        }

        ushort port = OptionCheck.Port(peer.Port, 1, nameof(remoteEndPoint));
        HostAddress remote = Destination(peer.Address, nameof(remoteEndPoint));
        return ConnectCoreAsync(
            remote, port, options?.ToSettings() ?? _settings.ConnectionDefaults, cancellationToken);
    }

    /// <summary>Listens on a TCP port of all of the stack's addresses.</summary>
    /// <param name="port">From 0 to 65,535; 0 for a free one.</param>
    /// <param name="cancellationToken">Ends the start of the stack, should this be its first use.</param>
    /// <returns>A listener, which the caller has to dispose of.</returns>
    /// <inheritdoc cref="ListenAsync(UserTcpListenerOptions, CancellationToken)" path="/exception"/>
    public ValueTask<UserTcpListener> ListenAsync(int port, CancellationToken cancellationToken = default)
    {
        OptionCheck.Port(port, 0, nameof(port));
        return ListenAsync(
            new UserTcpListenerOptions { LocalEndPoint = new IPEndPoint(IPAddress.Any, port) }, cancellationToken);
    }

    /// <summary>Listens for TCP connections.</summary>
    /// <param name="options">Validated and copied.</param>
    /// <param name="cancellationToken">Ends the start of the stack, should this be its first use.</param>
    /// <returns>A listener, which the caller has to dispose of.</returns>
    /// <exception cref="ArgumentException">The options contradict each other, or one is out of its range.</exception>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.AddressAlreadyInUse"/>: another listener has the port;
    /// <see cref="SocketError.AddressNotAvailable"/>: the address is not the stack's.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<UserTcpListener> ListenAsync(
        UserTcpListenerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ListenCoreAsync(options.ToSettings(), cancellationToken);
    }

    /// <summary>
    /// Listens for requests: the application sees the destination of each connection before the handshake, and accepts
    /// it with options of its own or rejects it.
    /// </summary>
    /// <param name="options">Validated and copied.</param>
    /// <param name="cancellationToken">Ends the start of the stack, should this be its first use.</param>
    /// <returns>A listener, which the caller has to dispose of.</returns>
    /// <inheritdoc cref="ListenAsync(UserTcpListenerOptions, CancellationToken)" path="/exception"/>
    public ValueTask<UserTcpRequestListener> ListenForRequestsAsync(
        UserTcpRequestListenerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return ListenForRequestsCoreAsync(options.ToSettings(), cancellationToken);
    }

    /// <summary>Sends an ICMP echo request and waits for the answer (RFC 792).</summary>
    /// <param name="address">Whom to ask.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The reply. No answer, or an unreachable host, is a status and not an exception.</returns>
    /// <exception cref="ArgumentException">The address is a multicast, broadcast or unspecified address.</exception>
    /// <exception cref="SocketException">
    /// <see cref="SocketError.AddressFamilyNotSupported"/>: IPv6; <see cref="SocketError.NetworkUnreachable"/>: no
    /// route.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The stack was disposed of.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public ValueTask<UserTcpPingReply> PingAsync(
        IPAddress address, UserTcpPingOptions? options = null, CancellationToken cancellationToken = default)
    {
        HostAddress destination = Destination(address, nameof(address));
        UserTcpPingOptions asked = options ?? new UserTcpPingOptions();
        asked.Validate();
        return PingCoreAsync(destination, asked.DataLength, asked.Timeout, asked.TimeToLive, cancellationToken);
    }
    private static InvalidOperationException NotStarted() =>
        new("This is known once the stack has started: await StartAsync first.");
}
