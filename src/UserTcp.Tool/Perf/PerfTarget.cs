using System.Net;

namespace UserTcp.Tool.Perf;

/// <summary>The server of a test, and the way to it.</summary>
/// <param name="Host">An address or a name.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="LocalAddress">The stack's address to use; null for the one that leads there.</param>
/// <param name="ConnectTimeout">How long the control connection may take; null for as long as the stack tries.</param>
internal sealed record PerfTarget(string Host, int Port, IPAddress? LocalAddress, TimeSpan? ConnectTimeout)
{
    public IPEndPoint? LocalEndPoint => LocalAddress is null ? null : new IPEndPoint(LocalAddress, 0);
}
