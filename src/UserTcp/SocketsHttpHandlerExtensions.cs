namespace UserTcp;

/// <summary>Lets a handler of the application's own connect over a stack.</summary>
public static class SocketsHttpHandlerExtensions
{
    /// <summary>
    /// Makes every connection of the handler over the stack, by <see cref="SocketsHttpHandler.ConnectCallback"/>. Not
    /// HTTP/3: that is spoken over the operating system's UDP, and only by requests that ask for it.
    /// </summary>
    /// <param name="handler">A handler that has not sent anything yet.</param>
    /// <param name="stack">Not disposed of with the handler.</param>
    /// <param name="options">Validated and copied; null for the defaults.</param>
    /// <returns>The handler.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or two contradict each other.</exception>
    /// <exception cref="InvalidOperationException">The handler has sent something already.</exception>
    public static SocketsHttpHandler UseUserTcp(
        this SocketsHttpHandler handler, UserTcpStack stack, UserTcpHttpOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(stack);
        handler.ConnectCallback = new HttpDialer(stack, options).DialAsync;
        return handler;
    }
}
