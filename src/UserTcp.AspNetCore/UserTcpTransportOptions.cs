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
    /// Whether small segments leave at once, without the Nagle algorithm. Null, the default: as
    /// <see cref="ConnectionOptions"/> says.
    /// </summary>
    public bool? NoDelay { get; set; }

    /// <summary>
    /// The largest window that is offered to a client, in bytes, from 2 KiB to 1 GiB: so much is received before
    /// Kestrel reads. Null, the default: as <see cref="ConnectionOptions"/> says, whose default is 8 MiB.
    /// </summary>
    public int? ReceiveBufferSize { get; set; }

    /// <summary>
    /// The most bytes that may be written and not acknowledged before a flush waits, from 2 KiB to 1 GiB. Null, the
    /// default: as <see cref="ConnectionOptions"/> says, whose default is 4 MiB.
    /// </summary>
    public int? SendBufferSize { get; set; }

    /// <summary>
    /// Whether Kestrel, and handlers that never awaited anything else, run on the stack's own thread: quicker where
    /// nothing blocks, and a stop of all connections where something does. Default: false, the thread pool; as with the
    /// option of Kestrel's sockets. If true, <see cref="UserTcpConnectionOptions.ApplicationScheduler"/> is not used.
    /// </summary>
    public bool UnsafePreferInlineScheduling { get; set; }

    /// <summary>
    /// How many queues Kestrel's continuations wait in. Each queue is emptied by one thread of the pool at a time, as
    /// with the option of Kestrel's sockets. Default: 0, each continuation is a work item of its own, and the stack
    /// sends for many connections at once. Not used where the handlers run on the stack's thread. A negative number is
    /// an <see cref="ArgumentOutOfRangeException"/> when Kestrel binds.
    /// </summary>
    public int IOQueueCount { get; set; }

    /// <summary>
    /// The other options of accepted connections; null for the stack's own. The properties above take precedence.
    /// </summary>
    public UserTcpConnectionOptions? ConnectionOptions { get; set; }
}
