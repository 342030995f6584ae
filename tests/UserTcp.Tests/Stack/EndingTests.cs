using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>The end of a connection takes effect with the event that caused it, not with the pull.</summary>
public sealed class EndingTests
{
    private const ushort OwnPort = 4000;

    /// <summary>The number of the first octet that we send.</summary>
    private static uint FirstSent(StackBench bench, StackConnection connection)
    {
        bench.Write(connection, 1);
        return Assert.Single(bench.Pull()).Seq;
    }

    [Fact]
    public void Text_out_of_order_is_given_back_when_the_connection_ends()
    {
        using var bench = new StackBench();
        StackConnection connection = bench.Established();
        uint ack = FirstSent(bench, connection);
        long before = bench.Core.Config.Chunks.BytesOut;
        bench.Hear(TcpFlags.Ack, 1002, ack, new byte[100], StackBench.Port, 4000);
        Assert.True(bench.Core.Config.Chunks.BytesOut > before);
        bench.Hear(TcpFlags.Rst, 1001, from: StackBench.Port, to: 4000);
        Assert.Equal(TcpState.Closed, connection.Tcb.State);
        Assert.Equal(0, bench.Core.Config.Chunks.BytesOut);
    }

    [Fact]
    public void Octets_of_connections_that_ended_are_still_counted()
    {
        using var bench = new StackBench();
        for (ushort port = 4000; port < 4003; port++)
        {
            StackConnection connection = bench.Established(port);
            uint ack = FirstSent(bench, connection) + 1;
            bench.Hear(TcpFlags.Ack, 1001, ack, new byte[100], StackBench.Port, port);
            bench.Hear(TcpFlags.Rst, 1101, from: StackBench.Port, to: port);
        }

        Assert.Equal(300, bench.Core.Counters.PastTextReceived);
        Assert.Equal(3, bench.Core.Counters.PastTextSent);
    }

    [Fact]
    public void A_connection_that_opens_and_ends_in_one_batch_is_woken_once()
    {
        using var bench = new StackBench();
        StackConnection connection = bench.Established();
        bench.Core.Adopt(connection, new IdleApp());
        bench.Hear(TcpFlags.Rst, 1001, from: StackBench.Port, to: 4000);
        Assert.Same(connection, Assert.Single(bench.Wakeups()).Connection);
    }

    [Fact]
    public void A_handshake_with_ourselves_takes_one_pull()
    {
        using var bench = new StackBench();
        bench.Listen();
        StackConnection connection = bench.Connect(Packets.Own);
        Assert.Empty(bench.PullOnce(taken: 0));
        Assert.Equal(TcpState.Established, connection.Tcb.State);
    }

    [Fact]
    public void A_connection_that_was_reset_makes_room_in_the_same_batch()
    {
        using var bench = new StackBench(c => c with { MaxConnections = 1 });
        bench.Listen();
        bench.Handshake(from: 5000);
        bench.Hear(TcpFlags.Syn, 7000, from: 5001);
        Assert.Empty(bench.Pull());
        bench.Hear(TcpFlags.Rst, 1001, from: 5000);
        bench.Hear(TcpFlags.Syn, 7000, from: 5001);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(bench.Pull()).Flags);
    }

    [Fact]
    public void A_connection_that_was_aborted_gives_its_port_back_at_once_and_RST_leaves_before_SYN()
    {
        using var bench = new StackBench();
        StackConnection first = bench.Established(OwnPort);
        bench.Core.OnUserCall(first, UserCall.Abort, bench.Now);
        StackConnection second = bench.Connect(localPort: OwnPort);
        Assert.Equal([TcpFlags.Rst | TcpFlags.Ack, TcpFlags.Syn], bench.Pull().Select(frame => frame.Flags));
        Assert.Equal(TcpState.SynSent, second.Tcb.State);
    }

    [Fact]
    public void Two_thousand_last_words_leave_though_the_queue_of_answers_takes_half_of_them()
    {
        const int count = 2000;
        using var bench = new StackBench();
        bench.Listen(backlog: count);
        for (ushort port = 10_000; port < 10_000 + count; port++)
        {
            bench.Handshake(from: port);
        }

        bench.Core.Stop(bench.Now);
        Assert.Equal(0, bench.Core.ConnectionCount);
        Assert.Equal(0, bench.Core.Config.Chunks.BytesOut);
        List<SentFrame> resets = bench.Pull();
        Assert.All(resets, frame => Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, frame.Flags));
        Assert.Equal(Enumerable.Range(10_000, count), resets.Select(frame => (int)frame.DestinationPort).Order());
        Assert.Equal(0, bench.Drops(PacketDropReason.QueueFull));
    }

    [Fact]
    public void A_connection_to_oneself_is_reset_and_opened_again_in_one_turn_without_sending_anything_twice()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen(backlog: 64);
        for (int i = 0; i < 30; i++)
        {
            StackConnection connection = bench.Connect(Packets.Own, localPort: OwnPort);
            Assert.Empty(bench.Pull());
            Assert.Equal(TcpState.Established, connection.Tcb.State);
            bench.Core.OnUserCall(connection, UserCall.Abort, bench.Now);
        }

        bench.Pull();
        Assert.Equal(30, listener.PendingAccepts);
        Assert.Equal(0, bench.Core.ConnectionCount);
        Assert.Equal(0, bench.Core.Counters.SegmentsResent);
    }

    [Fact]
    public void The_ACK_of_FIN_precedes_the_answer_to_the_SYN_behind_it()
    {
        using var bench = new StackBench();
        bench.Listen();
        uint initial = bench.Handshake();
        Assert.True(bench.Core.TryAccept(bench.Wakeups().Single().Listener, out StackConnection? connection));
        bench.Core.OnUserCall(connection!, UserCall.Close, bench.Now);
        bench.Pull();
        bench.Hear(TcpFlags.Ack | TcpFlags.Fin, 1001, initial + 2);
        bench.Hear(TcpFlags.Syn, 9000);
        List<SentFrame> sent = bench.Pull();
        Assert.Equal([TcpFlags.Ack, TcpFlags.Syn | TcpFlags.Ack], sent.Select(frame => frame.Flags));
        Assert.Equal([1002u, 9001u], sent.Select(frame => frame.Ack));
        Assert.Equal(0, bench.Core.TimeWaitCount);
    }
}
