using System.Net;

namespace UserTcp;

/// <summary>
/// Where and how a
/// <see cref="UserTcpListener"/> listens. Validated and copied when the listener is made. Not thread-safe.
/// </summary>
public sealed partial class UserTcpListenerOptions
{
    /// <summary>
    /// The address and port. <see cref="IPAddress.Any"/> stands for all addresses of the stack, port 0 for a free one;
    /// with <see cref="AnyAddress"/> the address must be <see cref="IPAddress.Any"/> and port 0 stands for all ports.
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
    /// needed. Not for <see cref="AnyAddress"/>, whose requests have to be remembered.
    /// </summary>
    public UserTcpSynCookieMode SynCookies { get; set; } = UserTcpSynCookieMode.WhenNeeded;

    /// <summary>
    /// The options of accepted connections; null for <see cref="UserTcpStackOptions.ConnectionDefaults"/>.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }

    /// <summary>
    /// Whether connections to any address whatever are taken, not only to the stack's own: what a gateway or a
    /// transparent proxy needs. Such a listener hands out requests (<see cref="UserTcpListener.AcceptRequestAsync"/>).
    /// </summary>
    public bool AnyAddress { get; set; }
}
