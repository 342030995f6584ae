using System.Net;
using Microsoft.AspNetCore.Builder;
using UserTcp;
using UserTcp.Links;

namespace KestrelServer;

/// <summary>Server and client in one process, each on a stack of its own, with a link in memory between.</summary>
internal static class Demonstration
{
    /// <summary>Asks for the page once in each version of HTTP, and shows it.</summary>
    public static async Task RunAsync(ServerOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        (VirtualLink near, VirtualLink far) = VirtualLink.CreatePair();
        await using UserTcpStack serverStack = await OpenAsync(near, options.Address, cancellationToken);
        UserTcpAddress other = new(Neighbour(options.Address.Address), options.Address.PrefixLength);
        await using UserTcpStack clientStack = await OpenAsync(far, other, cancellationToken);
        await using WebApplication server = WebServer.Create(serverStack, options.Port);
        await server.StartAsync(cancellationToken);

        using HttpClient client = clientStack.CreateHttpClient();
        foreach (Version version in (Version[])[HttpVersion.Version11, HttpVersion.Version20])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, server.Urls.Single())
            {
                Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            using HttpResponseMessage response = await client.SendAsync(request, cancellationToken);
            await output.WriteLineAsync($"{request.RequestUri} with HTTP/{version}: {(int)response.StatusCode}");
            await output.WriteLineAsync(await response.EnsureSuccessStatusCode().Content
                .ReadAsStringAsync(cancellationToken));
        }

        await output.WriteLineAsync("No socket was used. To serve others: --link DEVICE --address ADDRESS/PREFIX");
    }

    private static ValueTask<UserTcpStack> OpenAsync(
        LinkDevice link, UserTcpAddress address, CancellationToken cancellationToken) => UserTcpStack.OpenAsync(
            new UserTcpStackOptions { Link = link, Addresses = { address }, DetectAddressConflicts = false },
            cancellationToken);

    // The other address of the pair that differs in the last bit.
    private static IPAddress Neighbour(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes[^1] ^= 1;
        return new IPAddress(bytes);
    }
}
