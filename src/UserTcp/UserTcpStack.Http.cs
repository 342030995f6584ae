using System.Net.Sockets;

namespace UserTcp;

/// <content>HTTP by the platform's own client, over this stack.</content>
public sealed partial class UserTcpStack
{
    /// <summary>
    /// Makes a handler whose connections go over this stack: HTTP/1.1 and HTTP/2, with and without TLS, pooled. It is
    /// set up as <see cref="SocketsHttpHandlerExtensions.UseUserTcp"/> says, and takes no notice of the system's proxy,
    /// which another host on another network need not reach.
    /// </summary>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <returns>
    /// A handler, which the caller has to dispose of, before the stack; its other properties are for the caller to set.
    /// </returns>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other.</exception>
    /// <remarks>
    /// A connection that cannot be made gives <see cref="HttpRequestException"/> with
    /// <see cref="HttpRequestError.ConnectionError"/> around the <see cref="SocketException"/> of
    /// <see cref="ConnectAsync(System.Net.EndPoint, UserTcpConnectionOptions?, CancellationToken)"/>, a name without
    /// address <see cref="HttpRequestError.NameResolutionError"/>, and
    /// <see cref="SocketsHttpHandler.ConnectTimeout"/> a <see cref="TaskCanceledException"/> around a
    /// <see cref="TimeoutException"/>.
    /// </remarks>
    public SocketsHttpHandler CreateHttpHandler(UserTcpHttpOptions? options = null) =>
        new SocketsHttpHandler { UseProxy = false }.UseUserTcp(this, options);

    /// <summary>Makes a client with a handler of <see cref="CreateHttpHandler"/>.</summary>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <returns>A client, which the caller has to dispose of, before the stack; its handler goes with it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other.</exception>
    public HttpClient CreateHttpClient(UserTcpHttpOptions? options = null) =>
        new(CreateHttpHandler(options), disposeHandler: true);
}
