using System.Net;

namespace UserTcp;

/// <summary>An entry of the stack's ARP table (RFC 826). A snapshot; immutable and thread-safe.</summary>
/// <param name="Address">The neighbour's IP address.</param>
/// <param name="MacAddress">Its link address; null while unknown.</param>
/// <param name="State">How far the entry can be relied on.</param>
/// <param name="Age">The time since the entry was last confirmed, or made.</param>
public readonly record struct UserTcpNeighbor(
    IPAddress Address, MacAddress? MacAddress, UserTcpNeighborState State, TimeSpan Age);

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
