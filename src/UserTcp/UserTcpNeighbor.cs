using System.Net;

namespace UserTcp;

/// <summary>An entry of the stack's ARP table (RFC 826) at one moment. Immutable and thread-safe.</summary>
public sealed record UserTcpNeighbor
{
    /// <summary>The neighbour's IP address.</summary>
    public required IPAddress Address { get; init; }

    /// <summary>The neighbour's link address; null while it is unknown.</summary>
    public MacAddress? MacAddress { get; init; }

    /// <summary>How far the entry can be relied on.</summary>
    public UserTcpNeighborState State { get; init; }

    /// <summary>The time since the entry was last confirmed, or made.</summary>
    public TimeSpan Age { get; init; }
}

/// <summary>How far an entry of the ARP table can be relied on.</summary>
public enum UserTcpNeighborState
{
    /// <summary>A request is out, nothing was heard yet.</summary>
    Incomplete,

    /// <summary>Confirmed not long ago.</summary>
    Reachable,

    /// <summary>Used, and to be confirmed when it is used again.</summary>
    Stale,

    /// <summary>Used while a request to the neighbour itself is out.</summary>
    Probing,

    /// <summary>The neighbour did not answer.</summary>
    Failed,
}
