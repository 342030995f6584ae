using System.Net;
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
    /// Whether connections to the router's own address go to the host's loopback (127.0.0.1), the same port. Whoever is
    /// on the link then reaches services that the host meant for itself alone. Default: false, they are refused.
    /// </summary>
    public bool AllowLoopback { get; set; }

    /// <summary>
    /// Which destinations may be connected to; false is answered with RST. Called for each connection, from any thread,
    /// also at the same time; an exception counts as false. With <see cref="AllowLoopback"/> the loopback appears as
    /// 127.0.0.1. Null for all.
    /// </summary>
    public Func<IPEndPoint, bool>? DestinationFilter { get; set; }

    /// <summary>
    /// Connections at once, those being made included, from 1 to 65,536. Beyond it SYNs are ignored, and the peer tries
    /// again. Default: 1,024.
    /// </summary>
    public int MaxConnections { get; set; } = 1024;

    /// <summary>
    /// How long a connect by the operating system may take, from 1 ms to 10 minutes; after that the peer's SYN stays
    /// without an answer, as if sent to an address where nobody is. Default: 30 s.
    /// </summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The options of the connections towards the stack, buffer sizes for instance; null for the stack's defaults.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }

    /// <summary>Where logs go; null for nowhere.</summary>
    public ILoggerFactory? LoggerFactory { get; set; }

    internal UserTcpGatewayOptions ValidatedCopy()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConnections, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxConnections, 65_536);
        ArgumentOutOfRangeException.ThrowIfLessThan(ConnectTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ConnectTimeout, TimeSpan.FromMinutes(10));
        var copy = (UserTcpGatewayOptions)MemberwiseClone();
        copy.ConnectionOptions = ConnectionOptions?.Clone();
        return copy;
    }
}
