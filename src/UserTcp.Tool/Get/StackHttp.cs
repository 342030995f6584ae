using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using UserTcp.Tool.Network;

namespace UserTcp.Tool.Get;

/// <summary>HttpClient over the stack: names by the operating system, TCP by the stack, the rest by .NET.</summary>
internal static class StackHttp
{
    private const int MaxRedirects = 10;

    public static SocketsHttpHandler CreateHandler(NetworkSession session, HttpWishes wishes, HttpTrail trail)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectCallback = (context, cancellationToken) =>
                ConnectAsync(session, context.DnsEndPoint, trail, cancellationToken),
            ConnectTimeout = wishes.ConnectTimeout,
            UseProxy = false,
            UseCookies = false,
            MaxAutomaticRedirections = MaxRedirects,
            AutomaticDecompression = DecompressionMethods.All,
        };
        if (wishes.IgnoresCertificates)
        {
            handler.SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
            };
        }

        return handler;
    }

    private static async ValueTask<Stream> ConnectAsync(
        NetworkSession session, DnsEndPoint destination, HttpTrail trail, CancellationToken cancellationToken)
    {
        IPAddress address = await HostNames.ResolveAsync(session, destination.Host, cancellationToken);
        var endPoint = new IPEndPoint(address, destination.Port);
        try
        {
            UserTcpConnection connection = await session.Stack
                .ConnectAsync(endPoint, options: null, cancellationToken);
            connection.NoDelay = true;
            trail.Connected(connection);
            return connection.AsStream();
        }
        catch (SocketException error)
        {
            throw session.FailureOf(error, endPoint);
        }
        catch (ArgumentException error)
        {
            throw new ToolException(Failure.Connect, $"{endPoint} cannot be connected to: {error.Message}", error);
        }
    }
}
