using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace UserTcp.Tool.Network;

/// <summary>Hosts and ports as people type them.</summary>
internal static class HostNames
{
    /// <summary>The IPv4 addresses of a host, in the order in which they are to be tried; at least one.</summary>
    /// <param name="host">An address or a name.</param>
    /// <param name="resolve">Knows the addresses of names.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">Nobody knows it.</exception>
    public static async Task<IPAddress[]> LookUpAsync(
        string host, Func<string, CancellationToken, Task<IPAddress[]>> resolve, CancellationToken cancellationToken)
    {
        // The operating system takes no name for that of this machine: a variable of a script that is not set.
        if (string.IsNullOrWhiteSpace(host))
            throw new ToolException(Failure.Usage, $"'{host}' is not a host.");
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return address.AddressFamily == AddressFamily.InterNetwork
                ? [address]
                : throw new ToolException(Failure.Connect, "IPv6 is not supported yet: use an IPv4 address or a name.");
        }

        try
        {
            IPAddress[] found = await resolve(host, cancellationToken);
            return found.Length > 0 ? found : throw new SocketException((int)SocketError.NoData);
        }
        catch (SocketException error)
        {
            throw new ToolException(Failure.Name, $"The name '{host}' cannot be resolved: {error.Message}", error);
        }
        catch (ArgumentException error)
        {
            throw new ToolException(Failure.Name, $"'{host}' is not a name: {ToolException.WordsOf(error)}", error);
        }
    }

    /// <summary>The IPv4 addresses of a name, by the operating system.</summary>
    public static Task<IPAddress[]> AskSystemAsync(string name, CancellationToken cancellationToken) =>
        Dns.GetHostAddressesAsync(name, AddressFamily.InterNetwork, cancellationToken);

    /// <summary>A port number.</summary>
    /// <exception cref="ToolException">It is none.</exception>
    public static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535
            ? port
            : throw new ToolException(Failure.Usage, $"'{text}' is not a port from 1 to 65535.");
}
