using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tests.Support;
using static UserTcp.Tests.Ip.Packets;

namespace UserTcp.Tests.Ip;

public class RoutingTableTests
{
    [Theory]
    [InlineData("192.0.2.77", "192.0.2.77")]
    [InlineData("192.0.2.254", "192.0.2.254")]
    [InlineData("198.51.100.7", "192.0.2.254")]
    [InlineData("192.0.3.1", "192.0.2.254")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    public void The_link_is_direct_and_the_rest_goes_to_the_gateway(string destination, string via)
    {
        Assert.True(Routes().TryResolve(Address(destination), out NextHop hop));
        Assert.Equal(Address(via), hop.Address);
        Assert.Equal(Own, hop.Source);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("127.0.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("192.0.2.255")]
    [InlineData("192.0.2.0")]
    [InlineData("2001:db8::1")]
    public void There_is_no_way_to_what_is_no_single_host(string destination) =>
        Assert.False(Routes().TryResolve(Address(destination), out _));

    [Fact]
    public void Without_a_gateway_there_is_no_way_off_the_link()
    {
        var routes = new RoutingTable([new LocalAddress(Own, 24)]);

        Assert.True(routes.TryResolve(Peer, out _));
        Assert.False(routes.TryResolve(Far, out _));
    }

    [Fact]
    public void The_longest_prefix_wins_and_of_equal_ones_the_first()
    {
        var routes = new RoutingTable(
            [new LocalAddress(Own, 24)],
            Router,
            [
                new Route(Address("198.0.0.0"), 8, Address("192.0.2.8")),
                new Route(Address("198.51.100.0"), 24, Address("192.0.2.24")),
                new Route(Address("198.51.100.0"), 24, Address("192.0.2.25")),
                new Route(Address("198.51.0.0"), 16, Address("192.0.2.16")),
            ]);

        Assert.Equal("192.0.2.24", Via(routes, "198.51.100.7"));
        Assert.Equal("192.0.2.16", Via(routes, "198.51.101.7"));
        Assert.Equal("192.0.2.8", Via(routes, "198.52.0.1"));
        Assert.Equal("192.0.2.254", Via(routes, "203.0.113.1"));
    }

    [Fact]
    public void A_network_of_ours_comes_before_every_route()
    {
        var routes = new RoutingTable(
            [new LocalAddress(Own, 24)], Router, [new Route(Peer, 32, Router)]);

        Assert.Equal("192.0.2.2", Via(routes, "192.0.2.2"));
    }

    [Fact]
    public void The_source_lies_in_the_network_that_the_packet_leaves_through()
    {
        var routes = new RoutingTable(
            [
                new LocalAddress(Own, 24),
                new LocalAddress(Address("10.1.2.3"), 8),
                new LocalAddress(Address("10.9.0.1"), 16),
            ],
            Router,
            [new Route(Address("172.16.0.0"), 12, Address("10.9.0.254"))]);

        Assert.Equal("192.0.2.1", Source(routes, "203.0.113.1"));
        Assert.Equal("10.1.2.3", Source(routes, "10.1.2.4"));
        Assert.Equal("10.9.0.1", Source(routes, "10.9.0.5"));
        Assert.Equal("10.9.0.1", Source(routes, "172.16.5.5"));
        Assert.Equal("10.1.2.3", Source(routes, "10.1.2.3"));
    }

    [Fact]
    public void A_network_comes_and_goes_with_its_address_and_a_route_with_its_gateways_network()
    {
        HostAddress added = Address("10.1.2.3");
        RoutingTable routes = Routes();
        Assert.Equal("192.0.2.254", Via(routes, "10.1.2.4"));
        routes.Set(new LocalAddress(added, 8));
        Assert.Equal("10.1.2.4", Via(routes, "10.1.2.4"));
        Assert.True(routes.IsBroadcast(Address("10.255.255.255")));

        Assert.True(routes.Remove(Own));
        Assert.False(routes.Remove(Own));
        Assert.False(routes.IsLocal(Own) || routes.IsOnLink(Router) || routes.TryResolve(Far, out _));
        Assert.Equal("10.1.2.3", Source(routes, "10.1.2.4"));
        Assert.True(routes.Remove(added));
        Assert.False(routes.TryResolve(Address("10.1.2.4"), out _));
        Assert.Equal(HostAddress.AnyV4, routes.SourceFor(Far));

        routes.Set(new LocalAddress(Own, 24));
        Assert.Equal("192.0.2.254", Via(routes, "198.51.100.7"));
    }

    [Fact]
    public void A_router_that_has_our_own_address_leads_nowhere()
    {
        RoutingTable routes = Routes();
        routes.Set(new LocalAddress(Router, 24));
        Assert.False(routes.TryResolve(Far, out _));
    }

    [Fact, Rfc("6724 §5")]
    public void A_deprecated_source_gives_way_in_its_network_and_elsewhere()
    {
        RoutingTable routes = Routes();
        routes.Set(new LocalAddress(Own, 24, IsDeprecated: true));
        Assert.Equal("192.0.2.1", Source(routes, "203.0.113.1"));
        routes.Set(new LocalAddress(Address("192.0.2.9"), 20));
        routes.Set(new LocalAddress(Address("10.1.2.3"), 8, IsDeprecated: true));

        Assert.Equal("192.0.2.9", Source(routes, "192.0.2.7"));
        Assert.Equal("192.0.2.9", Source(routes, "203.0.113.1"));
        Assert.Equal("10.1.2.3", Source(routes, "10.1.2.4"));
        Assert.Equal(Own, routes.Addresses[0].Address);
    }

    [Theory]
    [InlineData(24, "192.0.2.255", true)]
    [InlineData(24, "192.0.2.0", true)]
    [InlineData(24, "192.0.3.255", false)]
    [InlineData(28, "192.0.2.15", true)]
    [InlineData(28, "192.0.2.255", false)]
    [InlineData(30, "192.0.2.3", true)]
    [InlineData(31, "192.0.2.0", false)]
    [InlineData(32, "192.0.2.1", false)]
    [InlineData(24, "255.255.255.255", true)]
    [InlineData(24, "192.0.2.7", false)]
    public void A_networks_broadcast_addresses_depend_on_its_prefix(int prefix, string address, bool isBroadcast)
    {
        var routes = new RoutingTable([new LocalAddress(Own, prefix)]);

        Assert.Equal(isBroadcast, routes.IsBroadcast(Address(address)));
    }

    [Fact]
    public void On_a_link_without_addresses_everything_is_one_hop_away()
    {
        var routes = new RoutingTable([new LocalAddress(Own, 32)], everythingIsOnLink: true);

        Assert.True(routes.TryResolve(Far, out NextHop hop));
        Assert.Equal(new NextHop(Far, Own), hop);
    }

    [Theory]
    [InlineData("192.0.2.1", 33)]
    [InlineData("192.0.2.1", 0)]
    [InlineData("192.0.2.1", -1)]
    public void An_impossible_prefix_throws(string address, int prefix) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new RoutingTable([new LocalAddress(Address(address), prefix)]));

    [Theory]
    [InlineData("192.0.2.0")]
    [InlineData("192.0.2.255")]
    [InlineData("224.0.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    [InlineData("2001:db8::1")]
    public void An_address_that_no_host_may_have_throws(string address) =>
        Assert.Throws<ArgumentException>(() => new RoutingTable([new LocalAddress(Address(address), 24)]));

    [Theory]
    [InlineData("198.51.100.1")]
    [InlineData("192.0.2.1")]
    [InlineData("192.0.2.255")]
    [InlineData("224.0.0.1")]
    public void A_gateway_off_the_link_or_ourselves_throws_and_says_what_it_must_be(string gateway)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(
            () => new RoutingTable([new LocalAddress(Own, 24)], Address(gateway)));

        Assert.Contains("must be another host", error.Message);
        Assert.Throws<ArgumentException>(() => new RoutingTable(
            [new LocalAddress(Own, 24)], null, [new Route(Address("10.0.0.0"), 8, Address(gateway))]));
    }

    [Fact]
    public void A_route_with_an_impossible_prefix_throws() => Assert.Throws<ArgumentOutOfRangeException>(
        () => new RoutingTable([new LocalAddress(Own, 24)], null, [new Route(Far, 33, Router)]));

    private static string Via(RoutingTable routes, string destination)
    {
        Assert.True(routes.TryResolve(Address(destination), out NextHop hop));
        return hop.Address.ToString();
    }

    private static string Source(RoutingTable routes, string destination)
    {
        Assert.True(routes.TryResolve(Address(destination), out NextHop hop));
        return hop.Source.ToString();
    }
}
