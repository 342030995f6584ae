using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using UserTcp;
using UserTcp.AspNetCore;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Tells Kestrel which ports of a stack to listen on.</summary>
public static class UserTcpKestrelServerOptionsExtensions
{
    /// <summary>
    /// Listens on a port of a stack. Needs <see cref="UserTcpWebHostBuilderExtensions"/>' <c>UseUserTcp</c>; without it
    /// the application does not start.
    /// </summary>
    /// <param name="kestrel">Kestrel's options.</param>
    /// <param name="stack">It need not be registered.</param>
    /// <param name="port">From 0 to 65,535; 0 for a free one.</param>
    /// <param name="configure">Sets protocols, TLS, middleware; may be null.</param>
    /// <exception cref="ArgumentOutOfRangeException">The port is out of its range.</exception>
    public static void ListenUserTcp(
        this KestrelServerOptions kestrel, UserTcpStack stack, int port, Action<ListenOptions>? configure = null) =>
        Listen(kestrel, new UserTcpEndPoint(stack, port), configure);

    /// <summary>Listens on a port of the one stack that is registered as a service.</summary>
    /// <inheritdoc cref="ListenUserTcp(KestrelServerOptions, UserTcpStack, int, Action{ListenOptions}?)"/>
    public static void ListenUserTcp(
        this KestrelServerOptions kestrel, int port, Action<ListenOptions>? configure = null) =>
        Listen(kestrel, new UserTcpEndPoint(IPAddress.Any, port), configure);

    private static void Listen(KestrelServerOptions kestrel, UserTcpEndPoint endPoint, Action<ListenOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        kestrel.Listen(endPoint, configure ?? (static _ => { }));
    }
}
