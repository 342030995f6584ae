namespace UserTcp.Links;

/// <summary>
/// A network interface of the system, as links find it. Immutable; what it says was so when it was asked.
/// </summary>
public sealed record LinkInterface
{
    internal LinkInterface(string name, InterfaceFacts facts)
    {
        Name = name;
        Mtu = facts.Mtu;
        MacAddress = facts.MacAddress;
        IsUp = facts.IsUp;
        HasLocalSenders = facts.HasLocalSenders;
    }

    /// <summary>The device, as names of links have it: <c>eth0</c>.</summary>
    public string Name { get; }

    /// <summary>The largest IP packet that one frame carries, in bytes, whether or not the interface has IP.</summary>
    public int Mtu { get; }

    /// <summary>Its own address; null where it has none.</summary>
    public MacAddress? MacAddress { get; }

    /// <summary>Whether it is switched on.</summary>
    public bool IsUp { get; }

    /// <summary>
    /// Whether frames come straight from a sender on this machine (veth and TAP on Linux), which may leave their
    /// checksums unfinished (<see cref="LinkFeatures.ReceiveMayLackChecksum"/>).
    /// </summary>
    public bool HasLocalSenders { get; }

    /// <summary>Asks for one interface.</summary>
    /// <param name="name">
    /// <c>eth0</c>; on Windows the name, the id, or what pcap makes of the id (<c>\Device\NPF_{id}</c>).
    /// </param>
    /// <returns>Null if there is none of this name in the calling thread's network namespace.</returns>
    public static LinkInterface? Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return InterfaceFacts.Find(name) is { } facts ? new LinkInterface(name, facts) : null;
    }
}
