using UserTcp.Primitives;

namespace UserTcp.Ip;

/// <summary>
/// Our addresses and routes at one moment; immutable. A handful of entries, searched in order.
/// </summary>
internal sealed class RoutingView
{
    // RFC 3021: on a network of two addresses both are hosts, and none means everybody.
    private const int LongestPrefixWithBroadcast = 30;

    private readonly LocalAddress[] _addresses;
    private readonly Route[] _routes;
    private readonly bool _everythingIsOnLink;

    /// <param name="addresses">Our addresses, the preferred one first.</param>
    /// <param name="routes">
    /// All routes, the longest prefix first. One counts if its gateway is another host on the link.
    /// </param>
    /// <param name="everythingIsOnLink">For links without addresses, where there is only one way to go.</param>
    public RoutingView(ReadOnlySpan<LocalAddress> addresses, Route[] routes, bool everythingIsOnLink)
    {
        _addresses = addresses.ToArray();
        _everythingIsOnLink = everythingIsOnLink;
        _routes = Array.FindAll(
            routes, route => !IsLocal(route.Gateway) && (everythingIsOnLink || IsOnLink(route.Gateway)));
    }

    public ReadOnlySpan<LocalAddress> Addresses => _addresses;

    /// <summary>Whether the address is one of ours.</summary>
    public bool IsLocal(HostAddress address)
    {
        foreach (LocalAddress local in _addresses)
        {
            if (local.Address == address)
                return true;
        }

        return false;
    }

    /// <summary>Whether the address lies in a network of our link; ours and broadcast addresses do, too.</summary>
    public bool IsOnLink(HostAddress address) => TryFindNetwork(address, out _);

    /// <summary>
    /// Whether the address means everybody: 255.255.255.255, or the last or first of one of our networks (RFC 1122
    /// §3.3.6: the form of all zeros is obsolete and still taken for a broadcast).
    /// </summary>
    public bool IsBroadcast(HostAddress address)
    {
        if (address.IsLimitedBroadcast)
            return true;

        foreach (LocalAddress local in _addresses)
        {
            if (IsBroadcastOf(local, address))
                return true;
        }

        return false;
    }

    /// <summary>Whether a single host may have this address: what a source must be (RFC 1122 §3.2.1.3).</summary>
    public bool IsUnicast(HostAddress address) =>
        !address.IsUnspecified && !address.IsMulticast && !address.IsReserved && !address.IsLoopback
        && !(address.IsV4 && address.V4 >> 24 == 0) && !IsBroadcast(address);

    /// <summary>Finds the way to a host. False if there is none, or the address is not one host's.</summary>
    public bool TryResolve(HostAddress destination, out NextHop hop)
    {
        hop = default;
        if (!destination.IsV4 || !IsUnicast(destination))
            return false;

        if (IsLocal(destination))
        {
            hop = new NextHop(destination, destination);
            return true;
        }

        HostAddress via = destination;
        bool isReached = IsOnLink(destination) || TryFindRoute(destination, out via) || _everythingIsOnLink;
        if (!isReached || _addresses.Length == 0)
            return false;

        hop = new NextHop(via, SourceFor(via));
        return true;
    }

    /// <summary>
    /// Our address in the network of a host on the link; the preferred one for any other host. A deprecated address
    /// only if there is no other (RFC 6724 §5, rule 3); 0.0.0.0 if we have none.
    /// </summary>
    public HostAddress SourceFor(HostAddress onLink)
    {
        if (TryFindNetwork(onLink, out LocalAddress network))
            return network.Address;

        foreach (LocalAddress local in _addresses)
        {
            if (!local.IsDeprecated)
                return local.Address;
        }

        return _addresses.Length > 0 ? _addresses[0].Address : HostAddress.AnyV4;
    }

    private bool TryFindNetwork(HostAddress address, out LocalAddress found)
    {
        found = default;
        int best = -1;
        foreach (LocalAddress local in _addresses)
        {
            int rank = local.PrefixLength + (local.IsDeprecated ? 0 : RoutingTable.MaxPrefixLength + 1);
            if (rank > best && local.Address.SharesPrefixV4(address, local.PrefixLength))
            {
                found = local;
                best = rank;
            }
        }

        return best >= 0;
    }

    private bool TryFindRoute(HostAddress destination, out HostAddress gateway)
    {
        foreach (Route route in _routes)
        {
            if (route.Network.SharesPrefixV4(destination, route.PrefixLength))
            {
                gateway = route.Gateway;
                return true;
            }
        }

        gateway = destination;
        return false;
    }

    private static bool IsBroadcastOf(LocalAddress local, HostAddress address)
    {
        if (local.PrefixLength > LongestPrefixWithBroadcast
            || !local.Address.SharesPrefixV4(address, local.PrefixLength))
        {
            return false;
        }

        uint hostMask = uint.MaxValue >> local.PrefixLength;
        uint host = address.V4 & hostMask;
        return host == hostMask || host == 0;
    }
}
