namespace UserTcp.Testing.Packetdrill;

/// <summary>The features that a script needs beyond TCP over IPv4.</summary>
public enum PacketdrillCategory
{
    /// <summary>Nothing: it is about TCP over IPv4, and applies to any stack.</summary>
    Plain,

    /// <summary>IPv6.</summary>
    Ipv6,

    /// <summary>Fast open (RFC 7413).</summary>
    FastOpen,

    /// <summary>TCP in UDP.</summary>
    UdpEncapsulation,

    /// <summary>Accurate ECN (RFC 9768).</summary>
    AccurateEcn,

    /// <summary>
    /// A system whose protection against blind segments (RFC 5961) is switched off, by
    /// <c>net.inet.tcp.insecure_rst=1</c> or the like.
    /// </summary>
    Unprotected,
}
