namespace UserTcp.Wire;

/// <summary>
/// The protocol of a payload, or the kind of an IPv6 extension header: one number space (RFC 8200 §3).
/// </summary>
internal enum IpProtocol : byte
{
    /// <summary>Hop-by-hop options, which may follow nothing but the fixed header (RFC 8200 §4.1).</summary>
    HopByHop = 0,

    Icmp = 1,

    Tcp = 6,

    Udp = 17,

    /// <summary>RFC 8200 §4.4.</summary>
    Routing = 43,

    /// <summary>RFC 8200 §4.5.</summary>
    Fragment = 44,

    IcmpV6 = 58,

    /// <summary>RFC 8200 §4.6.</summary>
    DestinationOptions = 60,
}
