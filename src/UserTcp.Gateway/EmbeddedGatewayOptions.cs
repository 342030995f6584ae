using System.Net;
using UserTcp.Links;

namespace UserTcp.Gateway;

/// <summary>
/// The options of an <see cref="EmbeddedGateway"/>. Copied when it starts; later changes have no effect. Not
/// thread-safe.
/// </summary>
public sealed class EmbeddedGatewayOptions
{
    /// <summary>The stack's address. Default: 10.0.2.15/24.</summary>
    public UserTcpAddress Address { get; set; } = new(new IPAddress([10, 0, 2, 15]), 24);

    /// <summary>The stack's MAC address; null for a stable one derived from link and address.</summary>
    public MacAddress? MacAddress { get; set; }

    /// <summary>The router: its address has to be in the stack's subnet. Default: 10.0.2.2/24.</summary>
    public UserTcpGatewayOptions Gateway { get; set; } = new();

    /// <summary>The link between the two.</summary>
    public VirtualLinkOptions Link { get; set; } = new() { Name = "gateway" };

    /// <summary>
    /// Wraps the stack's end of the link, for instance in a capture. The result owns the wrapped link, and the stack
    /// owns the result. Null for none.
    /// </summary>
    public Func<LinkDevice, LinkDevice>? WrapLink { get; set; }

    /// <summary>
    /// How long disposal lets the router relay the bytes that the stack has sent, from 0 to 10 minutes; connections
    /// that remain are reset. Default: 5 s.
    /// </summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Changes the other options of the stack before it starts; null to leave them at their defaults.
    /// </summary>
    public Action<UserTcpStackOptions>? ConfigureStack { get; set; }
}
