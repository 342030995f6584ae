using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace UserTcp.Tool.Network;

/// <summary>Hosts and ports as people type them. Names are resolved by the operating system.</summary>
internal static class HostNames
{
    /// <summary>The IPv4 address of a host, as it is reached from the session's stack.</summary>
    /// <param name="session">The network.</param>
    /// <param name="host">An address or a name.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="ToolException">Nobody knows it, or it cannot be reached from there.</exception>
    public static async Task<IPAddress> ResolveAsync(
        NetworkSession session, string host, CancellationToken cancellationToken)
    {
        IPAddress address = await LookUpAsync(host, cancellationToken);
        if (!IPAddress.IsLoopback(address))
            return address;

        // 127.0.0.1 means "this host", and on the link that would be the stack itself.
        return session.LoopbackAlias ?? throw new ToolException(
            Failure.Connect, "This machine's loopback cannot be reached from the wire: use --link gateway.");
    }

    /// <summary>A port number.</summary>
    /// <exception cref="ToolException">It is none.</exception>
    public static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= 65535
            ? port
            : throw new ToolException(Failure.Usage, $"'{text}' is not a port from 1 to 65535.");

    private static async Task<IPAddress> LookUpAsync(string host, CancellationToken cancellationToken)
    {
        // The operating system takes no name for that of this machine: a variable of a script that is not set.
        if (string.IsNullOrWhiteSpace(host))
            throw new ToolException(Failure.Usage, $"'{host}' is not a host.");
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return address.AddressFamily == AddressFamily.InterNetwork
                ? address
                : throw new ToolException(Failure.Connect, "IPv6 is not there yet: use an IPv4 address or a name.");
        }

        try
        {
            IPAddress[] found = await Dns.GetHostAddressesAsync(host, AddressFamily.InterNetwork, cancellationToken);
            return found.Length > 0 ? found[0] : throw new SocketException((int)SocketError.NoData);
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
}
