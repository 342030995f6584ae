using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Stack;
using UserTcp.Wire;

namespace UserTcp.Tests.Stress;

/// <summary>Two stacks transfer while somebody on their link means harm. Nothing throws, grows or is altered.</summary>
public class HostileFramesTests
{
    private const int Bytes = 1_500_000;
    private const long Budget = 4 << 20;
    private const int MaxNeighbors = 1024;

    private static StackConfig Tight(StackConfig config) => config with
    {
        MaxHalfOpen = 64,
        MaxTimeWait = 16,
        MaxConnections = 100,
        Chunks = new ChunkPool(Budget),
    };

    private static void AssertBounded(TestHost host)
    {
        Assert.InRange(host.Core.HalfOpenCount, 0, 64);
        Assert.InRange(host.Core.TimeWaitCount, 0, 16);
        Assert.InRange(host.Core.ConnectionCount, 0, 100);
        Assert.InRange(host.Core.Neighbors.Count, 0, MaxNeighbors);
        Assert.InRange(host.Core.Config.Chunks.BytesOut, 0, Budget + (2 << 20));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_storm_of_hostile_frames_alters_no_byte_and_leaves_nothing_behind(int seed)
    {
        var hostile = new HostileFrames(seed);
        using var network = new TestNetwork(seed) { Loss = seed == 4 ? 0.01 : 0 };
        TestHost client = network.Add(1, change: Tight), server = network.Add(2, change: Tight);
        network.Rule = (_, frame) =>
        {
            hostile.Overhear(frame);
            return frame;
        };
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(Bytes, 2, 1));
        TransferApp app = client.Connect(new TransferApp(Bytes, 1, 2), server, 80);
        network.RunUntil(() => accepted is not null);

        int rounds = 0;
        while (!(app.IsDone && accepted!.IsDone))
        {
            Assert.True(++rounds < 20_000, $"Client: {app.BytesRead}, server: {accepted!.BytesRead} of {Bytes}.");
            for (int i = 0; i < 60; i++)
            {
                client.Receive(hostile.Next(client, server), default);
                server.Receive(hostile.Next(server, client), default);
            }

            network.RunFor(0.001);
            AssertBounded(client);
            AssertBounded(server);
        }

        Assert.Equal((Bytes, Bytes), (app.BytesRead, accepted!.BytesRead));
        Assert.Equal(12, hostile.Kinds);
        network.RunFor(300);
        foreach (TestHost host in new[] { client, server })
        {
            Assert.Equal((0, 0, 0), (host.Core.ConnectionCount, host.Core.HalfOpenCount, host.Core.TimeWaitCount));
            Assert.Equal(0, host.Core.Config.Chunks.BytesOut);
            Assert.False(host.Core.HasPendingOutput);
        }
    }

    /// <summary>
    /// Forged text makes each side acknowledge what the other never sent: each ACK would answer the other for ever.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_stacks_that_were_set_against_each_other_do_not_answer_for_ever(bool bothSides)
    {
        using var network = new TestNetwork();
        TestHost client = network.Add(1), server = network.Add(2);
        var seen = new List<SentFrame>();
        network.Rule = (_, frame) =>
        {
            seen.Add(new SentFrame(frame, default));
            return frame;
        };
        server.Listen(80, () => new IdleApp());
        client.Connect(new IdleApp(), server, 80, TestNetwork.Settings with { Timestamps = false });
        network.RunFor(1);
        SentFrame ack = seen.Last(frame => !frame.IsArp && frame.Source == client.Address);
        Forge(server, client, ack.SourcePort, 80, ack.Seq, ack.Ack);
        if (bothSides)
            Forge(client, server, 80, ack.SourcePort, ack.Ack, ack.Seq);
        seen.Clear();
        network.RunFor(10);
        int early = seen.Count;
        network.RunFor(100);
        Assert.InRange(early, 1, 300);
        Assert.InRange(seen.Count - early, 0, 300);

        static void Forge(TestHost victim, TestHost friend, ushort from, ushort to, uint seq, uint ack) =>
            victim.Receive(
                Ip.Packets.Frame(
                    victim.Core.Config.MacAddress, friend.Core.Config.MacAddress, 0x0800,
                    HostileFrames.Segment(
                        friend.Address, victim.Address, from, to, TcpFlags.Ack, seq, ack, 1000, null, new byte[99])),
                default);
    }
}
