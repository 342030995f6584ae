using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using UserTcp.Gateway;
using UserTcp.Tests.Support;

namespace UserTcp.Tests.Gateway;

/// <summary>The gateway while the operating system has no sockets left, and right after.</summary>
[Collection(RealTime.Name)]
public sealed class GatewayShortageTests
{
    private const string Host = "192.0.2.1";

    [Fact]
    public async Task While_sockets_are_short_each_SYN_is_a_new_try_and_the_first_one_after_is_served_at_once()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync();
        peer.Failure = _ => new SocketException((int)SocketError.TooManyOpenSockets);
        for (int tries = 1; tries <= 20; tries++)
        {
            peer.Syn(Host, 80);
            await UntilLetGoAsync(peer, tries);
        }

        peer.Failure = null;
        peer.Syn(Host, 80);
        await GatewayBench.UntilAsync(() => peer.Connects.Length == 21);

        Assert.Equal(20, peer.Gateway.GetStatistics().SocketShortageDrops);
        Assert.DoesNotContain(peer.Log.Entries, entry => entry.Level >= LogLevel.Error);
        LogEntryOf(peer, 6008);
    }

    /// <summary>Whatever a connect fails by, a fault of ours too: a request without an answer is let go.</summary>
    [Fact]
    public async Task After_failures_at_random_the_next_SYN_is_a_new_try()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync();
        var random = new Random(26);
        int connects = 0;
        long ignored = 0;
        for (int draw = 0; draw < 500; draw++)
        {
            ushort from = (ushort)(10_000 + draw);
            for (int failures = random.Next(4); failures > 0; failures--)
            {
                Exception failure = Draw(random);
                peer.Failure = _ => failure;
                peer.Syn(Host, 80, from);
                connects++;
                ignored++;
                await UntilLetGoAsync(peer, ignored);
                Assert.Equal(connects, peer.Connects.Length);
            }

            peer.Failure = null;
            peer.Syn(Host, 80, from);
            connects++;
            await GatewayBench.UntilAsync(() => peer.Connects.Length == connects && peer.Attempts == 1);
            peer.Rst(Host, 80, from);
            await GatewayBench.UntilAsync(() => peer.Attempts == 0);
        }
    }

    [Fact]
    public async Task A_fault_is_told_and_lets_the_request_go()
    {
        await using GatewayPeer peer = await GatewayPeer.StartAsync();
        peer.Failure = _ => new InvalidOperationException("a fault");
        peer.Syn(Host, 80);
        await UntilLetGoAsync(peer, 1);
        peer.Syn(Host, 80);
        await UntilLetGoAsync(peer, 2);
        await GatewayBench.UntilAsync(() => peer.Log.Count(6005) == 2);

        Assert.Equal([new IPEndPoint(IPAddress.Parse(Host), 80), new(IPAddress.Parse(Host), 80)], peer.Connects);
        Assert.Equal(0, peer.Gateway.GetStatistics().SocketShortageDrops);
    }

    private static Exception Draw(Random random) => random.Next(4) switch
    {
        0 => new SocketException((int)SocketError.TooManyOpenSockets),
        1 => new SocketException((int)SocketError.NoBufferSpaceAvailable),
        2 => new SocketException((int)SocketError.AddressNotAvailable),
        _ => new InvalidOperationException("a fault"),
    };

    private static void LogEntryOf(GatewayPeer peer, int id)
    {
        var entry = Assert.Single(peer.Log.Entries, entry => entry.Id.Id == id);
        Assert.Equal(LogLevel.Warning, entry.Level);
    }

    // The room is left after the request was let go.
    private static Task UntilLetGoAsync(GatewayPeer peer, long ignored) => GatewayBench.UntilAsync(
        () => peer.Gateway.GetStatistics() is { CurrentConnections: 0 } now && now.Ignored == ignored);
}
