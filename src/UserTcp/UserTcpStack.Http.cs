using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using UserTcp.Diagnostics;

namespace UserTcp;

/// <content>HTTP by the platform's own client, over this stack.</content>
public sealed partial class UserTcpStack
{
    // Known before the stack runs.
    private string StackName =>
        _settings.Name ?? _life.Link?.Info.Name ?? _settings.LinkName ?? "";

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

    /// <summary>
    /// Resolves a name, and tells how that went. The stack need not run yet: it starts with the connect that follows.
    /// </summary>
    internal async ValueTask<IPAddress[]> WatchLookupAsync(
        string host, Func<string, CancellationToken, ValueTask<IPAddress[]>> resolve,
        CancellationToken cancellationToken)
    {
        using Activity? span = Spans.StartLookup(host);
        long start = _settings.TimeProvider.GetTimestamp();
        string? error = null;
        try
        {
            return await resolve(host, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            error = Spans.ErrorType(e);
            Spans.Fail(span, e);
            throw;
        }
        finally
        {
            StackMeter.Of(_settings.MeterFactory)
                .OnLookedUp(StackName, _settings.TimeProvider.GetElapsedTime(start), error);
        }
    }
}
