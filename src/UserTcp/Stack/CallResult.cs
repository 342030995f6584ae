namespace UserTcp.Stack;

/// <summary>How a call on the stack went. The public API turns each into the exception of its table.</summary>
internal enum CallResult : byte
{
    Done,

    /// <summary>No address, prefix, route or gateway leads there.</summary>
    NoRoute,

    /// <summary>The port, or the connection's four numbers, are taken.</summary>
    AddressInUse,

    /// <summary>Every ephemeral port towards that destination is taken.</summary>
    NoPortLeft,

    /// <summary>The stack's limit of connections is reached.</summary>
    TooManyConnections,

    /// <summary>The local address is none of the stack's, or not yet claimed.</summary>
    NotOurAddress,

    /// <summary>Port 0, an unspecified, broadcast or multicast destination (RFC 9293 §3.9.2.3, MUST-46).</summary>
    InvalidDestination,

    /// <summary>The destination is IPv6.</summary>
    FamilyNotSupported,

    /// <summary>An echo request that does not fit into one packet.</summary>
    TooLong,

    /// <summary>Too many packets wait to be sent.</summary>
    QueueFull,

    /// <summary>Too many next hops that have not answered are being asked for already.</summary>
    NeighborTableFull,

    /// <summary>The stack stops.</summary>
    Stopped,
}

/// <summary>How the owner of an any-address listener turns a request down.</summary>
internal enum RejectReason : byte
{
    /// <summary>RST, as a host does on a port where nobody listens.</summary>
    Refused,

    /// <summary>ICMP host unreachable.</summary>
    HostUnreachable,

    /// <summary>ICMP network unreachable.</summary>
    NetworkUnreachable,

    /// <summary>ICMP port unreachable.</summary>
    PortUnreachable,

    /// <summary>ICMP communication administratively prohibited.</summary>
    Prohibited,

    /// <summary>Silence: the peer will time out.</summary>
    Ignore,
}
