using System.Net;
using UserTcp;

namespace KestrelServer;

/// <summary>What the command line says.</summary>
internal sealed record ServerOptions
{
    /// <summary>The device, as <see cref="UserTcpStackOptions.LinkName"/> has it; null for the demonstration.</summary>
    public string? Link { get; init; }

    /// <summary>The server's own address.</summary>
    public required UserTcpAddress Address { get; init; }

    /// <summary>The router, for clients that are not on the link.</summary>
    public IPAddress? Gateway { get; init; }

    public required int Port { get; init; }
}
