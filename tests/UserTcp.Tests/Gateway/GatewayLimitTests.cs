using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using UserTcp.Gateway;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Gateway;

/// <summary>Many attempts at once, none of which is answered.</summary>
[Collection(RealTime.Name)]
public sealed class GatewayLimitTests
{
    private const string Silent = "192.0.2.1";
    private const string Other = "198.51.100.1";

    [Fact]
    public async Task More_than_a_thousand_attempts_are_under_way_where_MaxConnections_allows_them()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync(options => options.MaxConnections = 6000);
        Scan(peer, 2000);
        await GatewayBench.UntilAsync(() => peer.Attempts == 2000);

        peer.Syn(Other, 80);
        await GatewayBench.UntilAsync(() => peer.Attempts == 2001);
        Assert.Equal(0, peer.Gateway.GetStatistics().Ignored);
    }

    [Fact]
    public async Task A_scan_of_silent_ports_takes_half_of_the_room_and_shuts_out_nobody_else()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync(options => options.MaxConnections = 64);
        Scan(peer, 200);
        await GatewayBench.UntilAsync(() => peer.Gateway.GetStatistics().DestinationLimitDrops == 168);
        Assert.Equal(32, peer.Attempts);

        peer.Syn(Other, 80);
        await GatewayBench.UntilAsync(() => peer.Connects.Length == 33);

        Assert.Contains(new IPEndPoint(IPAddress.Parse(Other), 80), peer.Connects);
        Assert.Equal(0, peer.Gateway.GetStatistics().ConnectionLimitDrops);
        await GatewayBench.UntilAsync(() => peer.Log.Count(6010) > 0);
        Assert.Equal(LogLevel.Warning, Assert.Single(peer.Log.Entries, entry => entry.Id.Id == 6010).Level);
    }

    [Fact]
    public async Task MaxAttemptsPerDestination_is_the_limit_where_it_is_set()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync(
            options => (options.MaxConnections, options.MaxAttemptsPerDestination) = (64, 5));
        Scan(peer, 20);
        await GatewayBench.UntilAsync(() => peer.Gateway.GetStatistics().DestinationLimitDrops == 15);

        Assert.Equal(5, peer.Attempts);
    }

    [Fact]
    public async Task Beyond_MaxConnections_drops_are_counted_and_told_once()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync(options => options.MaxConnections = 10);
        for (int host = 1; host <= 30; host++)
            peer.Syn($"192.0.2.{host}", 80);
        await GatewayBench.UntilAsync(() => peer.Gateway.GetStatistics().Ignored == 20);
        await GatewayBench.UntilAsync(() => peer.Log.Count(6009) > 0);

        Assert.Equal(10, peer.Attempts);
        Assert.Equal(20, peer.Gateway.GetStatistics().ConnectionLimitDrops);
        Assert.Equal(LogLevel.Warning, Assert.Single(peer.Log.Entries, entry => entry.Id.Id == 6009).Level);
    }

    [Fact]
    public async Task An_attempt_that_has_waited_in_vain_gives_way_and_its_next_SYN_is_a_new_try()
    {
        var time = new FakeTimeProvider();
        await using GatewayPeer peer = await GatewayPeer.StartAsync(options =>
        {
            options.MaxConnections = 1;
            options.Time = time;
        });
        peer.Syn(Silent, 80);
        await GatewayBench.UntilAsync(() => peer.Attempts == 1);
        time.Advance(GatewayRoom.Patience);
        peer.Syn(Other, 80);
        await GatewayBench.UntilAsync(() => peer.Connects.Length == 2);
        await GatewayBench.UntilAsync(() => peer.Gateway.GetStatistics().Ignored == 1);
        Assert.Equal((1, 1), (peer.Attempts, peer.Gateway.GetStatistics().DisplacedAttempts));

        peer.Rst(Other, 80);
        await GatewayBench.UntilAsync(() => peer.Attempts == 0);
        peer.Syn(Silent, 80);
        await GatewayBench.UntilAsync(() => peer.Connects.Length == 3);
    }

    [Fact]
    public async Task The_limit_for_a_destination_has_a_range()
    {
        foreach (int wrong in (int[])[0, 65_537])
        {
            await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
                nameof(UserTcpGatewayOptions.MaxAttemptsPerDestination),
                () => GatewayPeer.StartAsync(options => options.MaxAttemptsPerDestination = wrong));
        }
    }

    private static void Scan(GatewayPeer peer, int ports)
    {
        for (int port = 1; port <= ports; port++)
            peer.Syn(Silent, (ushort)port);
    }
}
