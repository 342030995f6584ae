using System.Net;
using UserTcp.Primitives;
using UserTcp.Runtime;

namespace UserTcp;

/// <summary>
/// The place and the limits of a <see cref="UserTcpRequestListener"/>. Validated and copied when the listener is made.
/// Not thread-safe.
/// </summary>
public sealed class UserTcpRequestListenerOptions
{
    /// <summary>
    /// The address and port. <see cref="IPAddress.Any"/> stands for all addresses of the stack, port 0 for a free one;
    /// with <see cref="AnyAddress"/> the address must be <see cref="IPAddress.Any"/> and port 0 stands for every port.
    /// </summary>
    public IPEndPoint LocalEndPoint { get; set; } = new(IPAddress.Any, 0);

    /// <summary>
    /// Whether requests for any destination are taken, not only those for the stack's own addresses, as a gateway or a
    /// transparent proxy does. <see cref="UserTcpConnectionRequest.LocalEndPoint"/> names the destination.
    /// </summary>
    public bool AnyAddress { get; set; }

    /// <summary>
    /// Requests and handshakes under way at once, from 1 to 65,535; further SYNs are dropped. Default: 1,024. There are
    /// no SYN cookies here: a request has to be remembered.
    /// </summary>
    public int SynBacklog { get; set; } = 1024;

    /// <summary>
    /// The options of connections that <see cref="UserTcpConnectionRequest.AcceptAsync"/> gives no others; null for
    /// <see cref="UserTcpStackOptions.ConnectionDefaults"/>.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }

    /// <summary>
    /// Checks every option, as <see cref="UserTcpStack.ListenForRequestsAsync"/> does.
    /// </summary>
    /// <exception cref="ArgumentException">Two options contradict each other, or one is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range; named by the property.</exception>
    public void Validate() => ToSettings();

    /// <summary>Checks every option and makes the copy that the listener lives by.</summary>
    internal ListenerSettings ToSettings()
    {
        ArgumentNullException.ThrowIfNull(LocalEndPoint, nameof(LocalEndPoint));
        OptionCheck.InRange(SynBacklog, 1, ushort.MaxValue, nameof(SynBacklog));
        HostAddress address = OptionCheck.Ipv4(LocalEndPoint.Address, nameof(LocalEndPoint));
        if (AnyAddress && !address.IsUnspecified)
        {
            throw new ArgumentException(
                "A listener with AnyAddress takes no address of its own: use IPAddress.Any.", nameof(LocalEndPoint));
        }

        return new ListenerSettings
        {
            Address = address,
            Port = OptionCheck.Port(LocalEndPoint.Port, 0, nameof(LocalEndPoint)),
            Backlog = SynBacklog,
            SynBacklog = SynBacklog,
            AnyAddress = AnyAddress,
            HandsOutRequests = true,
            Connection = ConnectionOptions?.ToSettings(),
        };
    }
}
