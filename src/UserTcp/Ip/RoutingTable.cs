using UserTcp.Primitives;

namespace UserTcp.Ip;

/// <summary>One of our addresses and the network it lies in.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">How many leading bits name the network.</param>
/// <param name="IsDeprecated">Whether nothing new should begin with it (RFC 4862 §5.5.4).</param>
internal readonly record struct LocalAddress(HostAddress Address, int PrefixLength, bool IsDeprecated = false);

/// <summary>A network that is reached through a router of our link.</summary>
internal readonly record struct Route(HostAddress Network, int PrefixLength, HostAddress Gateway);

/// <summary>
/// Whose link address a packet is sent to, and which of our addresses it comes from unless one was chosen.
/// </summary>
internal readonly record struct NextHop(HostAddress Address, HostAddress Source);

/// <summary>
/// Who we are and where things are: our addresses, what is on the link, which router leads elsewhere (RFC 1122 §3.3.1).
/// All shards read it, at any time; each call sees one moment. Addresses come and go under the door of shard 0.
/// </summary>
internal sealed class RoutingTable
{
    public const int MaxPrefixLength = 32;

    private readonly Route[] _routes;
    private readonly bool _everythingIsOnLink;
    private volatile RoutingView _view;

    /// <param name="addresses">Our addresses, the preferred one first.</param>
    /// <param name="gateway">The router for all that no other route names.</param>
    /// <param name="routes">Further routes; the longest prefix wins. They stay when an address goes, and count again
    /// when their gateway is on the link again.</param>
    /// <param name="everythingIsOnLink">For links without addresses, where there is only one way to go.</param>
    /// <exception cref="ArgumentException">An address cannot be a host's, or a gateway is not on the link.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A prefix length is not between 0 and 32 (1 and 32 for
    /// addresses).</exception>
    public RoutingTable(
        ReadOnlySpan<LocalAddress> addresses, HostAddress? gateway = null, ReadOnlySpan<Route> routes = default,
        bool everythingIsOnLink = false)
    {
        _everythingIsOnLink = everythingIsOnLink;
        _view = new RoutingView(addresses, [], everythingIsOnLink);
        foreach (LocalAddress address in addresses)
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
        _view = new RoutingView(addresses, _routes, everythingIsOnLink);
    }

    /// <summary>Our addresses of this moment, the preferred one first.</summary>
    public ReadOnlySpan<LocalAddress> Addresses => _view.Addresses;

    /// <summary>
    /// An address, which <see cref="Validate(LocalAddress)"/> has seen, is ours from here on; one that is ours already
    /// takes the new values.
    /// </summary>
    public void Set(LocalAddress address)
    {
        List<LocalAddress> all = [.. Addresses];
        int at = all.FindIndex(local => local.Address == address.Address);
        if (at < 0)
            all.Add(address);
        else
            all[at] = address;
        _view = new RoutingView([.. all], _routes, _everythingIsOnLink);
    }

    /// <summary>An address is no longer ours; false if it was not.</summary>
    public bool Remove(HostAddress address)
    {
        List<LocalAddress> all = [.. Addresses];
        if (all.RemoveAll(local => local.Address == address) == 0)
            return false;

        _view = new RoutingView([.. all], _routes, _everythingIsOnLink);
        return true;
    }

    /// <inheritdoc cref="RoutingView.IsLocal"/>
    public bool IsLocal(HostAddress address) => _view.IsLocal(address);

    /// <inheritdoc cref="RoutingView.IsOnLink"/>
    public bool IsOnLink(HostAddress address) => _view.IsOnLink(address);

    /// <inheritdoc cref="RoutingView.IsBroadcast"/>
    public bool IsBroadcast(HostAddress address) => _view.IsBroadcast(address);

    /// <inheritdoc cref="RoutingView.IsUnicast"/>
    public bool IsUnicast(HostAddress address) => _view.IsUnicast(address);

    /// <inheritdoc cref="RoutingView.TryResolve"/>
    public bool TryResolve(HostAddress destination, out NextHop hop) => _view.TryResolve(destination, out hop);

    /// <inheritdoc cref="RoutingView.SourceFor"/>
    public HostAddress SourceFor(HostAddress onLink) => _view.SourceFor(onLink);

    /// <exception cref="ArgumentException">The address cannot be a host's.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The prefix length is not between 1 and 32.</exception>
    public void Validate(LocalAddress local)
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
