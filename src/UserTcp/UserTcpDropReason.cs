namespace UserTcp;

/// <summary>Why a received packet was dropped.</summary>
public enum UserTcpDropReason
{
    /// <summary>Sent to another station or address.</summary>
    NotForUs,

    /// <summary>Too short, contradictory, or with a source that cannot be.</summary>
    Malformed,

    /// <summary>The IP, TCP or ICMP checksum is wrong.</summary>
    BadChecksum,

    /// <summary>A protocol that the stack does not speak.</summary>
    UnknownProtocol,

    /// <summary>Nobody listens on the port, no such connection.</summary>
    NoListener,

    /// <summary>A listener's backlog, or the number of connections, is exhausted.</summary>
    BacklogFull,

    /// <summary>A fragment whose companions did not arrive, overlapped or were too many.</summary>
    Fragment,

    /// <summary>A queue of replies or of packets that wait for a neighbour is full.</summary>
    QueueFull,

    /// <summary>The answer would have exceeded a rate limit.</summary>
    RateLimited,
}
