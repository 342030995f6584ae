using System.Net;

namespace UserTcp;

/// <summary>
/// The place and the limits of a <see cref="UserTcpListener"/>. Validated and copied when the listener is made. Not thread-safe.
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
    /// Handshakes under way at once, from 1 to 65,535; more SYNs are answered as <see cref="SynCookies"/> says, or
    /// dropped. Default: 1,024.
    /// </summary>
    public int SynBacklog { get; set; } = 1024;

    /// <summary>
    /// Whether SYNs are answered without being remembered when <see cref="SynBacklog"/> is full (RFC 4987 §3.6), so
    /// that a flood of them keeps nobody out. What such connections know of the peer's options travels in timestamps;
    /// with peers without these they have neither window scaling, selective acknowledgements nor ECN. Default: when
    /// needed.
    /// </summary>
    public UserTcpSynCookieMode SynCookies { get; set; } = UserTcpSynCookieMode.WhenNeeded;

    /// <summary>
    /// The options of accepted connections; null for <see cref="UserTcpStackOptions.ConnectionDefaults"/>.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }
}
