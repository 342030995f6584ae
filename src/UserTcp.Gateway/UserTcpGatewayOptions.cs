using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace UserTcp.Gateway;

/// <summary>
/// The identity and the limits of a <see cref="UserTcpGateway"/>. Validated and copied when the gateway starts; later
/// changes have no effect. Not thread-safe.
/// </summary>
public sealed class UserTcpGatewayOptions
{
    /// <summary>The router's address on the link, and the link's subnet. Default: 10.0.2.2/24.</summary>
    public UserTcpAddress Address { get; set; } = new(new IPAddress([10, 0, 2, 2]), 24);

    /// <summary>The router's own MAC address; null for a stable one derived from link and address.</summary>
    public MacAddress? MacAddress { get; set; }

    /// <summary>
    /// Whether connections to the router's own address go to the host's loopback (127.0.0.1), the same port. Every
    /// program on the link then reaches services that the host meant for itself alone. The stack of an
    /// <see cref="EmbeddedGateway"/> then maps localhost and every loopback address to the router's own. Default:
    /// false, they are refused.
    /// </summary>
    public bool AllowLoopback { get; set; }

    /// <summary>
    /// Decides whether a destination is allowed; false is answered with RST. Called for each connection, from any
    /// thread, also at the same time; an exception counts as false. With <see cref="AllowLoopback"/> the loopback
    /// appears as 127.0.0.1. Null for all.
    /// </summary>
    public Func<IPEndPoint, bool>? DestinationFilter { get; set; }

    /// <summary>
    /// Connections at once, those being made included, from 1 to 65,536. Beyond it SYNs are ignored, and the peer tries
    /// again; an attempt that has waited for 3 s gives way to a new one. Counted in
    /// <see cref="UserTcpGatewayStatistics.ConnectionLimitDrops"/>. Default: 1,024.
    /// </summary>
    public int MaxConnections { get; set; } = 1024;

    /// <summary>
    /// Attempts to connect to one address at once, from 1 to 65,536, so that a scan of silent ports does not shut out
    /// other destinations. Beyond it SYNs to that address are ignored, and the peer tries again; an attempt that has
    /// waited for 3 s gives way to a new one. Counted in
    /// <see cref="UserTcpGatewayStatistics.DestinationLimitDrops"/>. Null, the default: as many as
    /// <see cref="MaxConnections"/> leaves free at the moment, and so never more than half of it.
    /// </summary>
    public int? MaxAttemptsPerDestination { get; set; }

    /// <summary>
    /// How long a connect by the operating system may take, from 1 ms to 10 minutes; after that the peer's SYN stays
    /// without an answer, as if no host had the address. Default: 30 s.
    /// </summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The options of the connections towards the stack, buffer sizes for instance; null for the stack's defaults.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }

    /// <summary>Makes the loggers; null for no logs.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Connects by the operating system.</summary>
    internal Func<IPEndPoint, CancellationToken, ValueTask<Socket>> Connect { get; set; } = SystemSocket.ConnectAsync;

    /// <summary>The clock of the limits.</summary>
    internal TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Checks every option, as the start of a gateway does.</summary>
    /// <exception cref="ArgumentException">Two options contradict each other.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public void Validate() => ValidatedCopy();

    internal UserTcpGatewayOptions ValidatedCopy()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConnections, 65_536);
        if (MaxAttemptsPerDestination is int attempts)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(attempts, 1, nameof(MaxAttemptsPerDestination));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(attempts, 65_536, nameof(MaxAttemptsPerDestination));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(ConnectTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ConnectTimeout, TimeSpan.FromMinutes(10));
        ConnectionOptions?.Validate();
        var copy = (UserTcpGatewayOptions)MemberwiseClone();
        copy.ConnectionOptions = ConnectionOptions?.Clone();
        return copy;
    }
}
