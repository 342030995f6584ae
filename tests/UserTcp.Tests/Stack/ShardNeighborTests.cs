using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>ARP: one shard answers for our addresses, and all learn of neighbours.</summary>
public sealed class ShardNeighborTests : IDisposable
{
    private static readonly byte[] s_answer =
        ShardBench.Arp(Packets.Reply(Packets.PeerMac, Packets.Peer, Packets.Own));

    private readonly ShardBench _bench = new(3, knowsPeer: false);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void An_answer_reaches_every_shard_that_asked()
    {
        foreach (int shard in (int[])[1, 2])
        {
            Assert.Equal(CallResult.Done, _bench.Connect(shard, out _));
            Assert.True(Assert.Single(_bench.Pull(shard)).IsArp);
        }

        _bench.Hear(0, s_answer);
        List<HandOver> handOvers = _bench.HandOversOf(0);
        Assert.Equal([1, 2], handOvers.Select(one => one.Shard));
        Assert.All(handOvers, one => Assert.Equal(HandOverKind.Arp, one.Kind));
        foreach (HandOver handOver in handOvers)
        {
            _bench.Bring(handOver);
            SentFrame syn = Assert.Single(_bench.Pull(handOver.Shard));
            Assert.Equal((TcpFlags.Syn, Packets.PeerMac), (syn.Flags, syn.To));
        }

        Assert.Equal(0, _bench.Carry());
    }

    [Fact]
    public void An_answer_that_arrives_elsewhere_reaches_all_the_same()
    {
        Assert.Equal(CallResult.Done, _bench.Connect(0, out _));
        Assert.Equal(CallResult.Done, _bench.Connect(1, out _));
        _bench.Pull(0);
        _bench.Pull(1);
        Assert.True(_bench.Hear(2, s_answer).IsHandedOver);
        Assert.Equal(3, _bench.Carry());
        Assert.Equal(TcpFlags.Syn, Assert.Single(_bench.Pull(0)).Flags);
        Assert.Equal(TcpFlags.Syn, Assert.Single(_bench.Pull(1)).Flags);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_question_is_answered_once_and_tells_all_of_who_asks(int arrival)
    {
        _bench.Hear(arrival, ShardBench.Arp(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own)));
        _bench.Carry();
        SentFrame answer = Assert.Single(_bench.Pull(0));
        Assert.Equal((true, Packets.PeerMac), (answer.IsArp, answer.To));
        Assert.Empty(_bench.Pull(1));
        Assert.Empty(_bench.Pull(2));
        for (int shard = 0; shard < 3; shard++)
        {
            Assert.Equal(CallResult.Done, _bench.Connect(shard, out _));
            Assert.Equal(TcpFlags.Syn, Assert.Single(_bench.Pull(shard)).Flags);
        }
    }

    [Fact]
    public void What_others_ask_each_other_concerns_nobody()
    {
        _bench.Hear(0, ShardBench.Arp(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Router)));
        Assert.Equal(0, _bench.Carry());
    }

    [Fact]
    public void One_shard_alone_claims_our_addresses()
    {
        using var bench = new ShardBench(
            3, config => config with { Link = config.Link with { Features = TestNetwork.OffloadFeatures } },
            knowsPeer: false);
        Assert.True(Assert.Single(bench.Pull(0)).IsArp);
        Assert.Empty(bench.Pull(1));
        Assert.Empty(bench.Pull(2));
    }
}
