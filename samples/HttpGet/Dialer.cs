using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using UserTcp;

namespace HttpGet;

/// <summary>From a URL to a connection: the name by the operating system, TCP by the stack, TLS by .NET.</summary>
internal sealed class Dialer(Network network, GetSettings settings, Report report)
{
    /// <summary>Resolves and connects.</summary>
    /// <returns>The connection and the time that connecting took.</returns>
    public async Task<(UserTcpConnection Connection, TimeSpan Elapsed)> ConnectAsync(
        Uri url, CancellationToken cancellationToken)
    {
        IPAddress address = await ResolveAsync(url, cancellationToken);
        report.Detail($"* {url.IdnHost} is {address}");
        IPEndPoint destination = new(Reachable(address), url.Port);
        UserTcpConnectionOptions options = settings.Connections?.Clone() ?? new();
        options.ConnectTimeout = settings.ConnectTimeout;
        long start = Stopwatch.GetTimestamp();
        try
        {
            UserTcpConnection connection = await network.Stack.ConnectAsync(destination, options, cancellationToken);
            return (connection, Stopwatch.GetElapsedTime(start));
        }
        catch (SocketException error)
        {
            throw Failure(error, destination);
        }
        catch (ArgumentException error)
        {
            throw new GetException(
                ExitCode.CannotConnect, $"{destination} cannot be connected to: {error.Message}", error);
        }
    }

    /// <summary>Puts TLS over a connection.</summary>
    public async Task<SslStream> SecureAsync(UserTcpConnection connection, Uri url, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(settings.ConnectTimeout);
        SslStream tls = new(connection.AsStream());
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = url.IdnHost,
            CertificateChainPolicy = settings.Trust?.Clone(),
        };
        try
        {
            await tls.AuthenticateAsClientAsync(options, patience.Token);
            report.Line("tls", $"{tls.SslProtocol}  {tls.NegotiatedCipherSuite}");
            return tls;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new GetException(ExitCode.TimedOut, $"{url.IdnHost} did not finish the TLS handshake in time.");
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            throw new GetException(
                ExitCode.TlsFailed, $"The TLS handshake with {url.IdnHost} failed: {error.Message}", error);
        }
    }

    private static async Task<IPAddress> ResolveAsync(Uri url, CancellationToken cancellationToken)
    {
        if (url.HostNameType == UriHostNameType.IPv6)
            throw new GetException(ExitCode.CannotConnect, "IPv6 is not there yet: use an IPv4 address or a name.");

        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(
                url.IdnHost, AddressFamily.InterNetwork, cancellationToken);
            return addresses.Length > 0 ? addresses[0] : throw new SocketException((int)SocketError.NoData);
        }
        catch (SocketException error)
        {
            throw new GetException(
                ExitCode.NameNotResolved, $"The name '{url.IdnHost}' cannot be resolved: {error.Message}", error);
        }
    }

    /// <summary>
    /// 127.0.0.1 means "this host", and on the link that would be the stack itself. Behind the gateway the stack knows
    /// the way.
    /// </summary>
    private IPAddress Reachable(IPAddress address)
    {
        if (!IPAddress.IsLoopback(address) || network.LoopbackAlias is not null)
            return address;

        throw new GetException(
            ExitCode.CannotConnect, "This machine's loopback cannot be reached from the wire: use --link gateway.");
    }

    private GetException Failure(SocketException error, IPEndPoint destination) => error.SocketErrorCode switch
    {
        SocketError.TimedOut => new(ExitCode.TimedOut, $"{destination} did not answer.", error),
        SocketError.ConnectionRefused => new(ExitCode.CannotConnect, $"{destination} refused the connection.", error),
        SocketError.HostUnreachable => new(ExitCode.CannotConnect, error.Message, error),
        SocketError.NetworkUnreachable when network.Stack.Gateway is null => new(
            ExitCode.CannotConnect, $"{destination} is not on the link, and there is no router: use --gateway.", error),
        _ => new(ExitCode.CannotConnect, $"{destination} cannot be connected to: {error.Message}", error),
    };
}
