using System.Runtime.InteropServices;
namespace UserTcp.Primitives;

/// <summary>The two sockets that name a connection (RFC 9293 §3.3.1), seen from this side.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FlowKey(HostAddress Local, ushort LocalPort, HostAddress Remote, ushort RemotePort)
{
    /// <summary>The family of both addresses: a flow never joins two.</summary>
    public IpFamily Family => Remote.Family;

    public override string ToString() => $"{Local}:{LocalPort} - {Remote}:{RemotePort}";
}
