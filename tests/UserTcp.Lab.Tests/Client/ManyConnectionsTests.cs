using System.Net;
using UserTcp.Lab.Tests.Captures;
using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Client;

/// <summary>Many connections, and several stacks on one interface. Default offloads.</summary>
public sealed class ManyConnectionsTests
{
    [LabFact]
    public async Task Two_hundred_connections_at_once_each_carry_their_own_page()
    {
        Page[] pages = [.. Enumerable.Range(0, 200).Select(i => new Page(50_000 + i, seed: 3000 + i))];
        using LabNetwork lab = LabNetwork.Create(offloads: true);
        using var patience = new Patience(60);
        await using KernelServer server = KernelServer.Start(
            lab.Peer, LabNetwork.PeerAddress, new PageService(pages).ServeAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync();

        UserTcpConnection[] connections = await Task.WhenAll(
            pages.Select(_ => stack.ConnectAsync(server.EndPoint, null, patience.Token).AsTask()));
        Assert.Equal(200, stack.GetConnections().Count);
        Assert.Equal(200, connections.Select(c => c.LocalEndPoint.Port).Distinct().Count());

        await Task.WhenAll(pages.Zip(connections, (page, c) => PageClient.GetAsync(c, page, patience.Token)));
        await Task.WhenAll(connections.Select(c => c.CloseAsync(patience.Token).AsTask()));
        Assert.Empty(stack.GetConnections());
    }

    [LabFact]
    public async Task Two_stacks_on_one_interface_fetch_from_the_kernel_at_the_same_time()
    {
        PageSet set = PageSet.UpTo1Megabyte(requests: 100, seed: 4000);
        using LabNetwork lab = LabNetwork.Create(offloads: true);
        await using KernelServer server = KernelServer.Start(
            lab.Peer, LabNetwork.PeerAddress, new PageService(set.Pages).ServeAsync);
        PacketCapture capture = await lab.CaptureAsync(bytesPerFrame: 256);
        MacAddress[] macs = await FetchByTwoAsync(lab, server.EndPoint, set);
        await capture.StopAsync();

        Assert.NotEqual(macs[0], macs[1]);
        foreach (MacAddress mac in macs)
        {
            Tshark.AssertNone(capture.File, $"{Tshark.Resets} || {Tshark.FaultsOf(mac)}");
            Assert.Equal(100, Tshark.Find(capture.File, $"eth.src == {mac} && tcp.flags.syn == 1").Length);
        }
    }

    private static async Task<MacAddress[]> FetchByTwoAsync(LabNetwork lab, IPEndPoint server, PageSet set)
    {
        await using UserTcpStack first =
            await lab.OpenStackAsync(50, o => o.ConnectionDefaults = SlowTimers.Options);
        await using UserTcpStack second =
            await lab.OpenStackAsync(51, o => o.ConnectionDefaults = SlowTimers.Options);
        int[] complete = await Task.WhenAll(
            PageClient.GetAllAsync(first, server, set.Requests, 4, TimeSpan.FromMinutes(1)),
            PageClient.GetAllAsync(second, server, set.Requests, 4, TimeSpan.FromMinutes(1)));
        Assert.Equal([100, 100], complete);
        return [first.MacAddress, second.MacAddress];
    }
}
