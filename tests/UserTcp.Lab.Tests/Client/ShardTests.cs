using UserTcp.Lab.Tests.Peers;
using UserTcp.Lab.Tests.Support;
using UserTcp.Lab.Tests.Traffic;

namespace UserTcp.Lab.Tests.Client;

/// <summary>Several shards over a packet socket: the kernel gives each frame to the shard that has its flow.</summary>
public sealed class ShardTests
{
    private const int ConnectionsPerShard = 32;

    [LabTheory]
    [InlineData(2, true)]
    [InlineData(2, false)]
    [InlineData(5, true)]
    public async Task Frames_arrive_at_the_shard_that_has_their_flow(int shards, bool offloads)
    {
        var page = new Page(1_000_000, seed: 5000);
        using LabNetwork lab = LabNetwork.Create(offloads, "packet");
        using var patience = new Patience(120);
        await using KernelServer server = KernelServer.Start(
            lab.Peer, LabNetwork.PeerAddress, new PageService([page]).ServeAsync);
        await using UserTcpStack stack = await lab.OpenStackAsync(configure: options => options.Shards = shards);
        await Task.WhenAll(Enumerable.Range(0, shards * ConnectionsPerShard).Select(
            _ => PageClient.GetAsync(stack, server.EndPoint, page, patience.Token)));

        UserTcpStackStatistics statistics = stack.GetStatistics();
        Assert.InRange(statistics.FramesHandedOver, 0, statistics.FramesReceived / 1000);
        Assert.Equal(0, statistics.ErrorsReceived);
        Assert.All(stack.Running!.Shards, shard => Assert.InRange(
            shard.Look((core, _) => core.Counters.BytesReceived), statistics.BytesReceived / shards / 2, long.MaxValue));
    }
}
