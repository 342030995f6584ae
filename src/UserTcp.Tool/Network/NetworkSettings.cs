using System.Net;
using UserTcp.Diagnostics;

namespace UserTcp.Tool.Network;

/// <summary>The network that the user asks for.</summary>
internal sealed record NetworkSettings
{
    public const string GatewayLink = "gateway";

    /// <summary>The name of a link, or <see cref="GatewayLink"/>.</summary>
    public string Link { get; init; } = GatewayLink;

    /// <summary>Whether the user named the link.</summary>
    public bool IsLinkGiven { get; init; }

    public UserTcpAddress? Address { get; init; }

    public IPAddress? Gateway { get; init; }

    /// <summary>The file for all frames; null for none.</summary>
    public string? Capture { get; init; }

    /// <summary>Whether <c>usertcp ss</c> may see the connections.</summary>
    public bool HasDiagnostics { get; init; }

    /// <summary>Sees the frames of the stack from the first one on; null for nobody.</summary>
    public IPacketTap? Tap { get; init; }

    /// <summary>Knows the addresses of names.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = HostNames.AskSystemAsync;

    /// <summary>Hears at the end that the capture is not complete.</summary>
    public Action<ToolException> CaptureFailed { get; init; } = static failure => throw failure;

    public bool IsGateway => Link == GatewayLink;
}
