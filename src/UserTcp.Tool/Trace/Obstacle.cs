using System.Runtime.InteropServices;

namespace UserTcp.Tool.Trace;

/// <summary>Why no TCP was found in a frame: the kind, and the number of the header where reading ended.</summary>
internal readonly record struct Obstacle(ObstacleKind Kind, int Number = 0)
{
    public static Obstacle Cut => new(ObstacleKind.Cut);

    public static Obstacle Malformed => new(ObstacleKind.Malformed);

    public static Obstacle Fragment => new(ObstacleKind.Fragment);

    public static Obstacle Undecoded => new(ObstacleKind.Undecoded);

    /// <summary>
    /// Whether an exception of PacketDotNet's is due to the bytes of a frame: strangers choose them, and the library
    /// checks few of their lengths.
    /// </summary>
    public static bool IsOf(Exception error) =>
        error is SystemException
            and not (OutOfMemoryException or OperationCanceledException or IOException or ExternalException);

    /// <summary>Whether the frame may hold TCP all the same, below a header that is not read.</summary>
    public bool IsUnread => Kind == ObstacleKind.LinkType;

    /// <summary>As a user reads it, behind a number of frames.</summary>
    public override string ToString() => Kind switch
    {
        ObstacleKind.LinkType => $"of {LinkTypeNames.Of(Number)}, which is not read",
        ObstacleKind.EtherType => $"of Ethernet type 0x{Number:x4}{EtherTypeName(Number)}",
        ObstacleKind.ServicePoint => $"of LLC with service access point 0x{Number:x2}",
        ObstacleKind.PppProtocol => $"of PPP protocol 0x{Number:x4}",
        ObstacleKind.IpProtocol => $"of IP protocol {Number}{IpProtocolName(Number)}",
        ObstacleKind.Fragment => "with a fragment of a packet",
        ObstacleKind.Cut => "cut before the TCP header",
        ObstacleKind.Undecoded => "not decoded",
        _ => "with a header that contradicts itself",
    };

    private static string EtherTypeName(int type) => type switch
    {
        0x0806 => " (ARP)",
        0x8863 => " (PPPoE discovery)",
        0x888E => " (EAPOL)",
        0x88CC => " (LLDP)",
        0x88E5 => " (MACsec)",
        0x894F => " (NSH)",
        _ => "",
    };

    private static string IpProtocolName(int protocol) => protocol switch
    {
        1 => " (ICMP)",
        2 => " (IGMP)",
        17 => " (UDP)",
        50 => " (ESP)",
        58 => " (ICMPv6)",
        132 => " (SCTP)",
        _ => "",
    };
}

/// <summary>The kinds of <see cref="Obstacle"/>.</summary>
internal enum ObstacleKind
{
    /// <summary>A link type that is not read at all.</summary>
    LinkType,

    /// <summary>An Ethernet type that holds no IP.</summary>
    EtherType,

    /// <summary>IEEE 802.2 that holds no IP.</summary>
    ServicePoint,

    /// <summary>A protocol of PPP that holds no IP.</summary>
    PppProtocol,

    /// <summary>Another protocol than TCP.</summary>
    IpProtocol,

    /// <summary>Of fragments only the first has a TCP header, and its length is not that of the segment.</summary>
    Fragment,

    /// <summary>The capture kept too little of it.</summary>
    Cut,

    /// <summary>The decoder failed.</summary>
    Undecoded,

    /// <summary>A length or a version that cannot be.</summary>
    Malformed,
}
