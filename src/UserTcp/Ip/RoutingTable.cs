using UserTcp.Primitives;

namespace UserTcp.Ip;

/// <summary>One of our addresses and the network it lies in.</summary>
internal readonly record struct LocalAddress(HostAddress Address, int PrefixLength);

/// <summary>A network that is reached through a router of our link.</summary>
internal readonly record struct Route(HostAddress Network, int PrefixLength, HostAddress Gateway);

/// <summary>
/// Whose link address a packet is sent to, and which of our addresses it comes from unless one was chosen.
/// </summary>
internal readonly record struct NextHop(HostAddress Address, HostAddress Source);

/// <summary>
/// Who we are and where things are: our addresses, what is on the link, which router leads elsewhere (RFC 1122 §3.3.1).
/// Fixed once made; a handful of entries, searched in order.
/// </summary>
internal sealed class RoutingTable
{
    private const int MaxPrefixLength = 32;

    // RFC 3021: on a network of two addresses both are hosts, and none means everybody.
    private const int LongestPrefixWithBroadcast = 30;

    private readonly LocalAddress[] _addresses;
    private readonly Route[] _routes;
    private readonly bool _everythingIsOnLink;

    /// <param name="addresses">Our addresses, the preferred one first; at least one.</param>
    /// <param name="gateway">The router for all that no other route names.</param>
    /// <param name="routes">Further routes; the longest prefix wins.</param>
    /// <param name="everythingIsOnLink">For links without addresses, where there is only one way to go.</param>
    /// <exception cref="ArgumentException">An address cannot be a host's, or a gateway is not on the link.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A prefix length is not between 0 and 32 (1 and 32 for
    /// addresses).</exception>
    public RoutingTable(
        ReadOnlySpan<LocalAddress> addresses, HostAddress? gateway = null, ReadOnlySpan<Route> routes = default,
        bool everythingIsOnLink = false)
    {
        if (addresses.IsEmpty)
            throw new ArgumentException("The stack needs at least one address.", nameof(addresses));

        _addresses = addresses.ToArray();
        _everythingIsOnLink = everythingIsOnLink;
        foreach (LocalAddress address in _addresses)
        {
            Validate(address);
        }

        List<Route> sorted = [];
        foreach (Route route in routes)
        {
            Insert(sorted, route);
        }

        if (gateway is { } router)
            Insert(sorted, new Route(HostAddress.AnyV4, 0, router));
        _routes = [.. sorted];
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
        if (!IsOnLink(destination) && !TryFindRoute(destination, out via) && !_everythingIsOnLink)
            return false;

        hop = new NextHop(via, SourceFor(via));
        return true;
    }

    /// <summary>Our address in the network of a host on the link; the preferred one for any other host.</summary>
    public HostAddress SourceFor(HostAddress onLink) =>
        TryFindNetwork(onLink, out LocalAddress network) ? network.Address : _addresses[0].Address;

    private bool TryFindNetwork(HostAddress address, out LocalAddress found)
    {
        found = default;
        int longest = -1;
        foreach (LocalAddress local in _addresses)
        {
            if (local.PrefixLength > longest && local.Address.SharesPrefixV4(address, local.PrefixLength))
            {
                found = local;
                longest = local.PrefixLength;
            }
        }

        return longest >= 0;
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

    private void Validate(LocalAddress local)
    {
        const string name = nameof(LocalAddress.PrefixLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(local.PrefixLength, 1, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(local.PrefixLength, MaxPrefixLength, name);
        if (!local.Address.IsV4 || !IsUnicast(local.Address))
        {
            throw new ArgumentException(
                $"{local.Address}/{local.PrefixLength} cannot be a host's address: choose a unicast IPv4 address "
                + "that is neither the first nor the last of its network.");
        }
    }

    // Longest prefix first; of equal ones the one that was listed first.
    private void Insert(List<Route> sorted, Route route)
    {
        Validate(route);
        int at = sorted.Count;
        while (at > 0 && sorted[at - 1].PrefixLength < route.PrefixLength)
        {
            at--;
        }

        sorted.Insert(at, route);
    }

    private void Validate(Route route)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(route.PrefixLength, 0, nameof(Route.PrefixLength));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(route.PrefixLength, MaxPrefixLength, nameof(Route.PrefixLength));
        if (!_everythingIsOnLink && !IsOnLink(route.Gateway) || !IsUnicast(route.Gateway) || IsLocal(route.Gateway))
        {
            throw new ArgumentException(
                $"The gateway {route.Gateway} must be another host in one of the networks of this stack's addresses.");
        }
    }
}
