using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>More hosts on the link than the ARP table has places, and most of them do not answer.</summary>
public sealed class CrowdedLinkTests
{
    private const int Places = 64;
    private const int Pending = 56;

    [Fact]
    public void Connects_to_silent_hosts_are_refused_beyond_the_table_and_an_honest_client_goes_on()
    {
        using StackBench bench = Crowded();
        bench.Listen();
        var connections = new List<StackConnection>();
        for (uint i = 0; i < 100; i++)
        {
            CallResult result = bench.TryConnect(out StackConnection? connection, Silent(i));
            Assert.Equal(i < Pending ? CallResult.Done : CallResult.NeighborTableFull, result);
            if (connection is not null)
                connections.Add(connection);
        }

        Assert.Equal(CallResult.NeighborTableFull, bench.Core.Ping(Silent(99), 1, 1, [], 64, bench.Now));
        List<SentFrame> sent = PullBounded(bench);
        Assert.Equal(Pending, sent.Count(frame => frame.IsArp));
        Assert.Equal(45, bench.Drops(PacketDropReason.NeighborTableFull));
        Assert.Single(bench.Wakeups(), wakeup => IsRefusal(wakeup));

        bench.Handshake();
        Assert.Equal(CallResult.Done, bench.TryConnect(out _));
        Assert.Contains(PullBounded(bench), frame => !frame.IsArp && frame.Flags == TcpFlags.Syn);

        bench.Advance(3.1);
        PullBounded(bench);
        Assert.All(connections, one => Assert.Equal(UserTcpCloseReason.HostUnreachable, one.Tcb.CloseReason));
        Assert.Equal(CallResult.Done, bench.TryConnect(out _, Silent(99)));
    }

    [Fact]
    public void Neighbours_that_stop_answering_cost_an_honest_client_nothing_and_come_back()
    {
        const uint Crowd = 100;
        using StackBench bench = Crowded();
        StackListener listener = bench.Listen(backlog: 1000);
        var crowd = new List<StackConnection>();
        for (uint i = 0; i < Crowd; i++)
        {
            crowd.Add(Accept(bench, listener, Silent(i), out _));
        }

        Accept(bench, listener, Packets.Peer, out uint next);
        bench.Advance(61);
        PullBounded(bench);
        crowd.ForEach(one => bench.Write(one, 100));
        uint seq = 2001;
        for (int second = 0; second < 28; second++)
        {
            bench.Hear(TcpFlags.Ack, seq++, next, [1]);
            bench.Advance(1);
            List<SentFrame> sent = PullBounded(bench);
            Answer(bench, sent.Where(f => f.IsArp && Target(f) == Packets.Peer));
            Assert.Contains(sent, f => !f.IsArp && f.Destination == Packets.Peer && f.Ack == seq);
        }

        for (int second = 0; second < 600 && crowd.Exists(one => one.Send.Unacknowledged > 0); second++)
        {
            AnswerAll(bench);
            bench.Advance(1);
        }

        Assert.All(crowd, one => Assert.Equal((0L, TcpState.Established), (one.Send.Unacknowledged, one.Tcb.State)));
    }

    [Fact]
    public void Packets_for_silent_hosts_leave_memory_for_those_that_answer()
    {
        using StackBench bench = Crowded();
        for (uint i = 0; i < 50; i++)
        {
            byte[] echo = StackBench.Icmp(IcmpType.EchoRequest, 0, i, new byte[8]);
            bench.HearPacket(Packets.Ipv4(Silent(i), Packets.Own, echo, protocol: 1));
            PullBounded(bench);
        }

        for (ushort i = 0; i < 20; i++)
        {
            Assert.Equal(CallResult.Done, bench.Core.Ping(Packets.Peer, 1, i, new byte[8], 64, bench.Now));
        }

        Assert.Equal(20, PullBounded(bench).Count(frame => !frame.IsArp));
        Assert.Equal(50 - ReplyQueue.WaitingPackets, bench.Drops(PacketDropReason.QueueFull));
    }

    [Fact]
    public void Datagrams_that_make_room_for_others_are_counted()
    {
        using var bench = new StackBench(c => c with { Ip = new IpLimits { MaxReassemblies = 4 } });
        for (ushort id = 0; id < 10; id++)
        {
            bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, new byte[16], id: id, fragment: 0x2000));
        }

        Assert.Equal(6, bench.Drops(PacketDropReason.FragmentLimit));
    }

    private static StackBench Crowded() => new(c => c with
    {
        Addresses = [new StackAddress(Packets.Own, 8)],
        Ip = new IpLimits { MaxNeighbors = Places },
    });

    private static bool IsRefusal(in Wakeup wakeup) =>
        wakeup.Kind == WakeupKind.LimitReached && wakeup.Limit == StackLimit.Neighbors;

    private static HostAddress Silent(uint n) => HostAddress.FromV4(0xc0010001 + n);

    private static HostAddress Target(SentFrame arp) => HostAddress.ReadV4(arp.Bytes.AsSpan(38));

    // A stack that spins would be pulled for ever: a hundred rounds are more than any of these tests needs.
    private static List<SentFrame> PullBounded(StackBench bench)
    {
        var sent = new List<SentFrame>();
        int rounds = 0;
        do
        {
            Assert.True(rounds++ < 100, "The stack has always something to send.");
            while (bench.PullOnce(FrameSlots.Count) is { Count: > 0 } pulled)
            {
                sent.AddRange(pulled);
                Assert.True(rounds++ < 100, "The stack has always something to send.");
            }
        }
        while (bench.Core.HasPendingOutput);
        return sent;
    }

    private static StackConnection Accept(StackBench bench, StackListener listener, HostAddress from, out uint next)
    {
        bench.Hear(Packets.Request(Packets.PeerMac, from, Packets.Own));
        bench.Hear(TcpFlags.Syn, 2000, source: from);
        List<SentFrame> sent = PullBounded(bench);
        Answer(bench, sent.Where(frame => frame.IsArp)); // there was no place for a stranger, so it is asked for
        sent.AddRange(PullBounded(bench));
        SentFrame synAck = Assert.Single(sent, frame => !frame.IsArp);
        next = synAck.Seq + 1;
        bench.Hear(TcpFlags.Ack, 2001, next, source: from);
        PullBounded(bench);
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        return connection!;
    }

    private static void Answer(StackBench bench, IEnumerable<SentFrame> requests)
    {
        foreach (SentFrame request in requests)
        {
            bench.Hear(Packets.Reply(Packets.PeerMac, Target(request), Packets.Own), Packets.OwnMac);
        }
    }

    private static void AnswerAll(StackBench bench)
    {
        List<SentFrame> sent = PullBounded(bench);
        Answer(bench, sent.Where(frame => frame.IsArp));
        foreach (SentFrame frame in sent.Where(f => !f.IsArp && f.Text.Length > 0))
        {
            uint end = frame.Seq + (uint)frame.Text.Length;
            bench.Hear(TcpFlags.Ack, 2001, end, source: frame.Destination);
        }
    }
}
