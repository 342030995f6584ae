using System.Net;
using System.Net.Sockets;

namespace UserTcp;

/// <summary>Makes the connections of a <see cref="SocketsHttpHandler"/>: its ConnectCallback.</summary>
internal sealed class HttpDialer
{
    private readonly UserTcpStack _stack;
    private readonly UserTcpConnectionOptions? _connection;
    private readonly Func<string, CancellationToken, ValueTask<IPAddress[]>> _resolve;

    public HttpDialer(UserTcpStack stack, UserTcpHttpOptions? options)
    {
        _stack = stack;
        _connection = options?.ConnectionOptions?.Clone();
        _connection?.ToSettings(); // so that a wrong option is heard of here, and not at the first request
        _resolve = options?.Resolver ?? AskSystemAsync;
    }

    /// <summary>
    /// Connects to the first address of the name that lets itself be connected to. The handler tells a timeout from a
    /// failure by the token of the <see cref="OperationCanceledException"/>: it has to be the one it gave.
    /// </summary>
    public async ValueTask<Stream> DialAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        DnsEndPoint peer = context.DnsEndPoint;
        IPAddress[] addresses = IPAddress.TryParse(peer.Host, out IPAddress? literal)
            ? [literal]
            : await _stack.WatchLookupAsync(peer.Host, ResolveAsync, cancellationToken).ConfigureAwait(false);
        for (int next = 0; ; next++)
        {
            try
            {
                var address = new IPEndPoint(addresses[next], peer.Port);
                UserTcpConnection connection = await _stack
                    .ConnectAsync(address, _connection, cancellationToken).ConfigureAwait(false);
                return connection.AsStream();
            }
            catch (Exception error) when (error is SocketException or ArgumentException && next + 1 < addresses.Length)
            {
                // The next address may do better, also than one that no host on a network can have; the failure of the
                // last one is reported.
            }
        }
    }

    private static async ValueTask<IPAddress[]> AskSystemAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, AddressFamily.InterNetwork, cancellationToken).ConfigureAwait(false);

    private async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            IPAddress[] addresses = await _resolve(host, cancellationToken).ConfigureAwait(false);
            return addresses.Length > 0
                ? addresses
                : throw new SocketException((int)SocketError.HostNotFound, $"{host} has no address");
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }
}
