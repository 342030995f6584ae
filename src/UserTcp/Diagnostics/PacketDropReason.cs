namespace UserTcp.Diagnostics;

/// <summary>Why a packet went no further.</summary>
public enum PacketDropReason
{
    /// <summary>It was not dropped.</summary>
    None,

    /// <summary>Sent to another station or another address.</summary>
    NotForUs,

    /// <summary>Too short, or fields that contradict each other or the rules of the protocol.</summary>
    Malformed,

    /// <summary>The checksum of the IP header, ICMP message or segment is wrong.</summary>
    BadChecksum,

    /// <summary>A link type or transport protocol that the stack does not speak.</summary>
    UnknownProtocol,

    /// <summary>No connection and no listener has this port.</summary>
    NoListener,

    /// <summary>Too many half-open connections, or a full accept queue.</summary>
    BacklogFull,

    /// <summary>The connection refused the segment: outside the window, or stale.</summary>
    OutOfWindow,

    /// <summary>Fragments whose datagram did not become complete in time.</summary>
    FragmentTimeout,

    /// <summary>A bounded queue had no room.</summary>
    QueueFull,

    /// <summary>An answer was due and its rate limit was used up.</summary>
    RateLimited,

    /// <summary>A source address that no packet may have (ours, broadcast, multicast, unspecified).</summary>
    Filtered,

    /// <summary>Sent by us, and the next hop does not answer.</summary>
    NeighborUnreachable,

    /// <summary>
    /// Sent to everybody or to a group, by its IP address or by its frame; nothing here is meant for many.
    /// </summary>
    BroadcastOrMulticast,

    /// <summary>A fragment overlaps another and says something else: the whole datagram was dropped.</summary>
    FragmentOverlap,

    /// <summary>Too many datagrams, bytes or holes were waiting for fragments.</summary>
    FragmentLimit,

    /// <summary>
    /// An ICMP message that nothing is done about: source quench, redirects, unknown types and codes.
    /// </summary>
    IgnoredIcmp,

    /// <summary>An ICMP error about a packet that is not under way.</summary>
    UnsolicitedIcmp,

    /// <summary>
    /// The checksum looked as if the sender had left it to hardware, but others of the same flow were finished: the
    /// segment was changed on its way.
    /// </summary>
    UnfinishedChecksum,

    /// <summary>
    /// Sent by us to a next hop that could not be asked for: others that have not answered fill the ARP table
    /// (<see cref="UserTcpStackOptions.MaxNeighbors"/>).
    /// </summary>
    NeighborTableFull,

    /// <summary>It was to be sent from an address that the stack has given up meanwhile.</summary>
    AddressLost,
}
