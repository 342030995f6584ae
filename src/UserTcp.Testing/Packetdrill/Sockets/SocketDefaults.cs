using UserTcp.Primitives;
using UserTcp.Tcp;

namespace UserTcp.Testing.Packetdrill.Sockets;

/// <summary>What sockets begin with.</summary>
internal sealed record SocketDefaults
{
    /// <summary>The settings of a new socket: what was set for the system until now.</summary>
    public required Func<TcpConfig> NewConfig { get; init; }

    public required HostAddress Remote { get; init; }

    public ushort LocalPort { get; init; } = 8080;

    public ushort RemotePort { get; init; } = 8080;

    public required Func<long> SendBuffer { get; init; }

    /// <summary>When listeners answer without remembering.</summary>
    public required Func<UserTcpSynCookieMode> SynCookies { get; init; }

    /// <summary>Whose system calls these are.</summary>
    public PacketdrillProfile System { get; init; }

    /// <summary>Whether it does not matter what calls return: an option that is not known may fail.</summary>
    public bool IgnoresResults { get; init; }

    /// <summary>Whether sizes of buffers are compared with what a script expects.</summary>
    public bool ChecksBufferSizes { get; init; }
}
