using Microsoft.AspNetCore.Server.Kestrel.Core;
using UserTcp.AspNetCore;

namespace Microsoft.AspNetCore.Hosting;

/// <summary>Extensions of Kestrel's end points.</summary>
public static class UserTcpListenOptionsExtensions
{
    /// <summary>
    /// Lets an end point without TLS speak HTTP/1.1 and HTTP/2 on one port, over a stack or over sockets. Kestrel alone
    /// takes HTTP/2 beside HTTP/1.1 only where TLS has negotiated it; here the first bytes of a client decide, "prior
    /// knowledge" (RFC 9113 §3.3). An upgrade from HTTP/1.1 is not offered.
    /// </summary>
    /// <param name="listen">
    /// The end point; its <see cref="ListenOptions.Protocols"/> are set. Where TLS is used as well, it decides.
    /// </param>
    /// <returns>The end point.</returns>
    /// <remarks>
    /// Sets <see cref="KestrelServerOptions.AllowAlternateSchemes"/>, for all end points of the server: Kestrel takes
    /// a negotiated connection for https, and these carry http. At start Kestrel warns that the end point has no
    /// HTTP/2 without TLS; the warning is wrong. A client that sends nothing is disconnected after
    /// <see cref="KestrelServerLimits.KeepAliveTimeout"/>.
    /// </remarks>
    public static ListenOptions UseHttp2PriorKnowledge(this ListenOptions listen)
    {
        ArgumentNullException.ThrowIfNull(listen);
        KestrelServerOptions server = listen.KestrelServerOptions;
        server.AllowAlternateSchemes = true;
        listen.Protocols = HttpProtocols.Http1AndHttp2;
        listen.Use(next => connection => new PriorKnowledge(connection).RunAsync(next, server.Limits));
        return listen;
    }
}
