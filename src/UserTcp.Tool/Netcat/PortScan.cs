using UserTcp.Tool.Network;

namespace UserTcp.Tool.Netcat;

/// <summary>Asks which ports of a host take connections, and sends nothing.</summary>
/// <param name="tell">Takes a line for each port that does.</param>
/// <param name="tellOthers">Takes a line for each port that does not.</param>
internal sealed class PortScan(Action<string> tell, Action<string> tellOthers)
{
    /// <summary>How long to wait for each connection; null: as long as the stack does.</summary>
    public TimeSpan? Wait { get; init; }

    /// <summary>Asks one port after the other.</summary>
    /// <returns>Whether any port takes connections.</returns>
    /// <exception cref="ToolException">The host is not known.</exception>
    public async Task<bool> RunAsync(
        NetworkSession session, string host, PortRange ports, CancellationToken cancellationToken)
    {
        System.Net.IPAddress[] addresses = await session.ResolveAsync(host, cancellationToken);
        bool isAnyOpen = false;
        for (int port = ports.First; port <= ports.Last; port++)
        {
            try
            {
                await using UserTcpConnection connection = await session.ConnectAsync(
                    addresses, port, new UserTcpConnectionOptions { ConnectTimeout = Wait }, cancellationToken);
                tell($"Connection to {host} {port} port [tcp/*] succeeded!");
                isAnyOpen = true;
            }
            catch (ToolException closed)
            {
                tellOthers(closed.Message);
            }
        }

        return isAnyOpen;
    }
}
