using System.Net;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Get;

/// <summary>HttpClient over the stack: names and TCP by the session, the rest by .NET.</summary>
internal static class StackHttp
{
    private const int MaxRedirects = 10;

    // Without it .NET takes an encoded body that lacks its end for a whole one.
    static StackHttp() => AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);

    // Not UserTcpStack.CreateHttpHandler, whose resolver hears of names only: here an address may be another one too
    // (127.0.0.1 is the gateway's alias), a failure is told in the words of the tool, and each connection is noted.
    public static HttpMessageHandler CreateHandler(NetworkSession session, HttpWishes wishes, HttpTrail trail) =>
        new Redirects(CreateConnections(session, wishes, trail), MaxRedirects);

    private static SocketsHttpHandler CreateConnections(
        NetworkSession session, HttpWishes wishes, HttpTrail trail) => new()
    {
        ConnectCallback = async (context, cancellationToken) =>
        {
            DnsEndPoint wanted = context.DnsEndPoint;
            UserTcpConnection connection = await session.ConnectAsync(
                wanted.Host, wanted.Port, options: null, cancellationToken);
            trail.Connected(connection);
            return connection.AsStream();
        },
        ConnectTimeout = wishes.ConnectTimeout,
        SslOptions = ServerTrust.MakeOptions(wishes, trail),
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.All,
    };
}
