using System.Net;
using Microsoft.AspNetCore.Connections;

namespace UserTcp.AspNetCore;

/// <summary>How Kestrel listens on stacks. Read when it binds. Not thread-safe.</summary>
public sealed class UserTcpTransportOptions
{
    /// <summary>
    /// Whether plain <see cref="IPEndPoint"/>s, as from <c>UseUrls</c> and <c>ASPNETCORE_URLS</c>, are taken if their
    /// address belongs to a registered stack. All others, wildcards too, stay with the kernel's sockets. Default: true.
    /// </summary>
    public bool ClaimStackAddresses { get; set; } = true;

    /// <summary>
    /// Whether a client that ended its direction still gets its response. Default: false, as with Kestrel's sockets:
    /// the client's FIN cancels <see cref="BaseConnectionContext.ConnectionClosed"/>, and with it the request.
    /// </summary>
    public bool AllowHalfOpenConnections { get; set; }

    /// <summary>As <see cref="UserTcpListenerOptions.Backlog"/>. Default: 512.</summary>
    public int Backlog { get; set; } = 512;

    /// <summary>
    /// Whether Kestrel, and handlers that never awaited anything else, run on the stack's own thread: quicker where
    /// nothing blocks, and a stop of all connections where something does. Default: false, the thread pool; as with the
    /// option of Kestrel's sockets. Stands above <see cref="UserTcpConnectionOptions.ApplicationScheduler"/>.
    /// </summary>
    public bool UnsafePreferInlineScheduling { get; set; }

    /// <summary>
    /// The options of accepted connections; null for the stack's own. Their
    /// <see cref="UserTcpConnectionOptions.ErrorTranslator"/> is not used: Kestrel wants its own exceptions.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }
}
