using System.Net;

namespace UserTcp;

/// <summary>
/// How HTTP connections are made over a stack. Copied when a handler is made or changed; later changes have no effect.
/// Not thread-safe.
/// </summary>
public sealed class UserTcpHttpOptions
{
    /// <summary>
    /// Turns the host name of a URL into addresses, which are tried in their order. Null, the default, asks the
    /// operating system, whose look-ups leave under the host's identity and not under the stack's. Not called for
    /// addresses. May be called by several threads at once; no address, or a
    /// <see cref="System.Net.Sockets.SocketException"/> with
    /// <see cref="System.Net.Sockets.SocketError.HostNotFound"/>, is reported as a failed name resolution.
    /// </summary>
    public Func<string, CancellationToken, ValueTask<IPAddress[]>>? Resolver { get; set; }

    /// <summary>
    /// The options of the connections; null for <see cref="UserTcpStackOptions.ConnectionDefaults"/>.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }
}
