using System.Net;

namespace UserTcp;

/// <summary>
/// The place and the limits of a <see cref="UserTcpListener"/>. Validated and copied when the listener is made. Not
/// thread-safe.
/// </summary>
public sealed partial class UserTcpListenerOptions
{
    /// <summary>
    /// The address and port. <see cref="IPAddress.Any"/> stands for all addresses of the stack, port 0 for a free one.
    /// </summary>
    public IPEndPoint LocalEndPoint { get; set; } = new(IPAddress.Any, 0);

    /// <summary>
    /// Connections that wait to be accepted, from 1 to 65,535. While so many wait, handshakes are not completed and
    /// the peer tries again. Default: 512.
    /// </summary>
    public int Backlog { get; set; } = 512;

    /// <summary>
    /// The most handshakes in progress, from 1 to 65,535. <see cref="SynCookies"/> decides whether further SYNs are
    /// answered or dropped. Default: 1,024.
    /// </summary>
    public int SynBacklog { get; set; } = 1024;

    /// <summary>
    /// Whether the listener answers SYNs without state when <see cref="SynBacklog"/> is full (RFC 4987 §3.6). Then a
    /// SYN flood does not keep other clients out. The peer's options are encoded in the timestamp; without timestamps
    /// such a connection has no window scaling, selective acknowledgments or ECN. Default: when needed.
    /// </summary>
    public UserTcpSynCookieMode SynCookies { get; set; } = UserTcpSynCookieMode.WhenNeeded;

    /// <summary>
    /// The options of accepted connections; null for <see cref="UserTcpStackOptions.ConnectionDefaults"/>.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }
}
