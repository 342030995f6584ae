using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>A protocol that the shard knows nothing of sends by it, as connections do.</summary>
public sealed class OutputSourceTests : IDisposable
{
    private static readonly HostAddress s_silent = Packets.Address("192.0.2.77");

    private readonly StackBench _bench;
    private DatagramSource _source = null!;

    public OutputSourceTests() => _bench = new StackBench(source: host => _source = new DatagramSource(host));

    public void Dispose()
    {
        _bench.Dispose();
        _source.Dispose();
    }

    private int[] Numbers(IEnumerable<SentFrame> frames) =>
        [.. frames.Where(frame => !frame.IsArp && frame.Protocol == IpProtocol.Udp).Select(f => (int)f.IpPayload[^1])];

    [Fact]
    public void A_datagram_leaves_as_it_is()
    {
        Assert.False(_bench.Core.HasPendingOutput);
        Assert.True(_source.TrySend(Packets.Peer, 5));
        Assert.True(_bench.Core.HasPendingOutput);
        SentFrame frame = Assert.Single(_bench.Pull());
        Assert.Equal(Packets.PeerMac, frame.To);
        Assert.Equal(Packets.Ipv4(Packets.Own, Packets.Peer, [0, 7, 0, 7, 0, 9, 0, 0, 5], 17), frame.Bytes[14..]);
        Assert.Equal(1, _bench.Core.Counters.FramesSent - 1); // the first was the answer to the peer's ARP request
        Assert.False(_bench.Core.HasPendingOutput);
    }

    [Fact]
    public void Connections_are_asked_first()
    {
        StackConnection connection = _bench.Established();
        Assert.True(_source.TrySend(Packets.Peer, 1));
        _bench.Write(connection, 100);
        Assert.Equal([IpProtocol.Tcp, IpProtocol.Udp], _bench.Pull().Select(frame => frame.Protocol));
    }

    [Fact]
    public void What_the_device_did_not_take_is_sent_later_in_the_same_order()
    {
        for (byte i = 1; i <= DatagramSource.MostBlocks; i++)
        {
            Assert.True(_source.TrySend(Packets.Peer, i));
        }

        Assert.Equal([1, 2, 3, 4], Numbers(_bench.PullOnce(taken: 1)));
        Assert.True(_source.TrySend(Packets.Peer, 5));
        Assert.False(_source.TrySend(Packets.Peer, 6));
        Assert.Equal([2, 3, 4, 5], Numbers(_bench.Pull()));
    }

    [Fact]
    public void A_datagram_waits_for_its_next_hop()
    {
        Assert.True(_source.TrySend(s_silent, 1));
        Assert.True(Assert.Single(_bench.Pull()).IsArp);
        Assert.False(_bench.Core.HasPendingOutput);
        _bench.Hear(Packets.Reply(Packets.PeerMac, s_silent, Packets.Own));
        Assert.Equal([1], Numbers(_bench.Pull()));
    }

    [Fact]
    public void A_datagram_to_a_silent_hop_is_dropped_and_its_memory_comes_back()
    {
        for (byte i = 1; i <= DatagramSource.MostBlocks; i++)
        {
            Assert.True(_source.TrySend(s_silent, i));
        }

        Assert.Empty(Numbers(_bench.Pull()));
        Assert.False(_source.TrySend(s_silent, 9));
        while (_bench.Drops(PacketDropReason.NeighborUnreachable) < DatagramSource.MostBlocks)
        {
            _bench.Now = _bench.Core.NextDeadline;
            _bench.Core.OnDeadline(_bench.Now);
            Assert.Empty(Numbers(_bench.Pull()));
        }

        Assert.True(_source.TrySend(Packets.Peer, 9));
        Assert.Equal([9], Numbers(_bench.Pull()));
    }

    [Fact]
    public void A_timer_of_the_source_is_one_of_the_shard()
    {
        Instant due = _bench.Now + TimeSpan.FromSeconds(1);
        _source.SendAt(due);
        Assert.Equal(due, _bench.Core.NextDeadline);
        _bench.Now = due;
        _bench.Core.OnDeadline(due);
        Assert.Equal([99], Numbers(_bench.Pull()));
        Assert.True(_bench.Core.NextDeadline > due);
    }
}
