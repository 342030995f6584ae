using System.Net;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Get;

/// <summary>HttpClient over the stack: names and TCP by the session, the rest by .NET.</summary>
internal static class StackHttp
{
    // Not UserTcpStack.CreateHttpHandler, whose resolver hears of names only: here an address may be another one too
    // (127.0.0.1 is the gateway's alias), a failure is told in the words of the tool, and each connection is noted.
    // Redirects and codings are ours: curl's rules are not those of .NET.
    public static SocketsHttpHandler CreateHandler(NetworkSession session, HttpWishes wishes, HttpTrail trail) => new()
    {
        ConnectCallback = async (context, cancellationToken) =>
        {
            DnsEndPoint wanted = context.DnsEndPoint;
            IPAddress[] addresses = wishes.Names.Find(wanted.Host, wanted.Port)
                ?? await session.ResolveAsync(wanted.Host, cancellationToken);
            trail.LookedUp();
            UserTcpConnection connection = await session.ConnectAsync(
                addresses, wanted.Port, options: null, cancellationToken);
            trail.Connected(connection);
            return connection.AsStream();
        },
        PlaintextStreamFilter = (context, _) =>
        {
            trail.Ready(context.InitialRequestMessage.RequestUri!.Scheme == Uri.UriSchemeHttps);
            return ValueTask.FromResult(context.PlaintextStream);
        },
        ConnectTimeout = wishes.ConnectTimeout,
        Expect100ContinueTimeout = TimeSpan.FromSeconds(1), // as with curl
        SslOptions = ServerTrust.MakeOptions(wishes, trail),
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
    };
}
