using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Active opens: addresses, ports, refusals; and the end of connections and of the stack.</summary>
public sealed class ConnectTests : IDisposable
{
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_caller_s_mistake_is_named()
    {
        Assert.Equal(CallResult.InvalidDestination, _bench.TryConnect(out _, port: 0));
        Assert.Equal(CallResult.InvalidDestination, _bench.TryConnect(out _, HostAddress.BroadcastV4));
        Assert.Equal(CallResult.InvalidDestination, _bench.TryConnect(out _, Packets.Address("192.0.2.255")));
        Assert.Equal(CallResult.InvalidDestination, _bench.TryConnect(out _, Packets.Address("224.0.0.1")));
        Assert.Equal(CallResult.InvalidDestination, _bench.TryConnect(out _, HostAddress.AnyV4));
        Assert.Equal(CallResult.FamilyNotSupported, _bench.TryConnect(out _, Packets.Address("2001:db8::1")));
        Assert.Equal(CallResult.NotOurAddress, _bench.TryConnect(out _, local: Packets.Far));
        using var bench = new StackBench(c => c with { Gateway = null });
        Assert.Equal(CallResult.NoRoute, bench.TryConnect(out _, Packets.Far));
        Assert.Equal(0, bench.Core.ConnectionCount);
    }

    [Fact, Rfc("9293 §3.10.7.3")]
    public void A_reset_of_our_SYN_refuses_the_connection_and_frees_its_port()
    {
        using var bench = new StackBench(c => c with { FirstEphemeralPort = 40_000, LastEphemeralPort = 40_002 });
        for (int i = 0; i < 10; i++)
        {
            StackConnection connection = bench.Connect();
            SentFrame syn = Assert.Single(bench.Pull());
            bench.Hear(TcpFlags.Rst | TcpFlags.Ack, 0, syn.Seq + 1, from: StackBench.Port, to: syn.SourcePort);
            bench.Pull();
            Assert.Equal(UserTcpCloseReason.Refused, connection.Tcb.CloseReason);
            Assert.True(connection.IsForgotten);
        }

        Assert.Equal(0, bench.Core.ConnectionCount);
        Assert.Equal(10, bench.Core.Counters.FailedConnectionAttempts);
    }

    [Fact]
    public void Ports_are_taken_for_each_destination_and_their_exhaustion_is_reported()
    {
        using var bench = new StackBench(c => c with { FirstEphemeralPort = 40_000, LastEphemeralPort = 40_002 });
        ushort[] ports = [.. Enumerable.Range(0, 3).Select(_ => bench.Connect().Flow.LocalPort)];
        Assert.Equal([40_000, 40_001, 40_002], ports.Order().Select(p => (int)p));
        Assert.Equal(CallResult.NoPortLeft, bench.TryConnect(out _));
        Assert.Equal(CallResult.Done, bench.TryConnect(out _, port: 81));
    }

    [Fact]
    public void An_explicit_port_conflicts_with_the_same_connection_and_with_a_listener()
    {
        _bench.Connect(localPort: 4000);
        Assert.Equal(CallResult.AddressInUse, _bench.TryConnect(out _, localPort: 4000));
        Assert.Equal(CallResult.Done, _bench.TryConnect(out _, port: 81, localPort: 4000));
        _bench.Listen(4001);
        Assert.Equal(CallResult.AddressInUse, _bench.TryConnect(out _, localPort: 4001));
    }

    /// <summary>Closes first, so that TIME-WAIT is ours; the peer's FIN as it came.</summary>
    private static (TcpFlags Flags, uint Seq, uint Ack) CloseFirst(StackBench bench, StackConnection connection)
    {
        bench.Core.OnUserCall(connection, UserCall.Close, bench.Now);
        SentFrame fin = Assert.Single(bench.Pull());
        (TcpFlags, uint, uint) last = (TcpFlags.Fin | TcpFlags.Ack, 1001, fin.Seq + 1);
        bench.Hear(last.Item1, last.Item2, last.Item3, from: StackBench.Port, to: connection.Flow.LocalPort);
        Assert.Equal(1002u, Assert.Single(bench.Pull()).Ack);
        return last;
    }

    [Fact, Rfc("9293 §3.6.1", "MUST-13")]
    public void FinRetransmitted_InTimeWait()
    {
        StackConnection connection = _bench.Established();
        (TcpFlags flags, uint seq, uint ack) = CloseFirst(_bench, connection);
        Assert.True(connection.IsForgotten);
        Assert.Equal((0, 1), (_bench.Core.ConnectionCount, _bench.Core.TimeWaitCount));
        _bench.Advance(40);
        _bench.Hear(flags, seq, ack, from: StackBench.Port, to: 4000);
        SentFrame again = Assert.Single(_bench.Pull());
        Assert.Equal((TcpFlags.Ack, 1002u, ack), (again.Flags, again.Ack, again.Seq));
        _bench.Advance(59);
        Assert.Equal(1, _bench.Core.TimeWaitCount);
        _bench.Advance(2);
        Assert.Equal(0, _bench.Core.TimeWaitCount);
    }

    [Fact]
    public void TIME_WAIT_answers_four_misplaced_ACKs_a_second_and_every_FIN()
    {
        StackConnection connection = _bench.Established();
        (TcpFlags flags, uint seq, uint ack) = CloseFirst(_bench, connection);
        int answers = 0;
        for (int i = 0; i < 500; i++)
        {
            _bench.Advance(0.01);
            _bench.Hear(TcpFlags.Ack, 900, ack, from: StackBench.Port, to: 4000);
            answers += _bench.Pull().Count;
        }

        Assert.InRange(answers, 19, 21); // in five seconds
        _bench.Hear(flags, seq, ack, from: StackBench.Port, to: 4000);
        Assert.Single(_bench.Pull());
    }

    [Fact, Rfc("9293 §3.6.1", "MAY-2")]
    public void A_later_SYN_reuses_a_connection_in_TIME_WAIT_and_our_number_lies_beyond_the_old_one()
    {
        StackListener listener = _bench.Listen(4000);
        uint iss = _bench.Handshake(to: 4000);
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        _bench.Core.OnUserCall(connection!, UserCall.Close, _bench.Now);
        _bench.Pull();
        _bench.Hear(TcpFlags.Fin | TcpFlags.Ack, 1001, iss + 2, to: 4000);
        _bench.Pull();
        Assert.Equal(1, _bench.Core.TimeWaitCount);

        _bench.Hear(TcpFlags.Syn, 900, to: 4000);
        Assert.Equal(TcpFlags.Ack, Assert.Single(_bench.Pull()).Flags); // an old duplicate
        _bench.Hear(TcpFlags.Syn, 5000, to: 4000);
        SentFrame synAck = Assert.Single(_bench.Pull());
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, synAck.Flags);
        Assert.True(new SeqNumber(synAck.Seq) > new SeqNumber(iss + 2));
        Assert.Equal(0, _bench.Core.TimeWaitCount);
    }

    [Fact]
    public void TIME_WAIT_keeps_a_port_from_being_chosen_again_unless_timestamps_make_it_safe()
    {
        using var bench = new StackBench(c => c with { FirstEphemeralPort = 40_000, LastEphemeralPort = 40_000 });
        CloseFirst(bench, bench.Established(40_000));
        Assert.Equal(CallResult.NoPortLeft, bench.TryConnect(out _));
        bench.Advance(61);
        Assert.Equal(CallResult.Done, bench.TryConnect(out _));

        using var network = new TestNetwork();
        TestHost client = network.Add(
            1, change: c => c with { FirstEphemeralPort = 40_000, LastEphemeralPort = 40_000 });
        TestHost server = network.Add(2);
        server.Listen(80, () => new TransferApp(0, 2, 1));
        for (int i = 0; i < 20; i++)
        {
            TransferApp app = client.Connect(new TransferApp(10, 1, 2), server, 80);
            network.RunUntil(() => app.IsDone, 5);
            Assert.Equal(UserTcpCloseReason.Graceful, app.CloseReason);
        }

        Assert.InRange(client.Core.TimeWaitCount + server.Core.TimeWaitCount, 1, 2);
    }

    [Fact]
    public void Orphans_are_bounded_and_the_oldest_is_reset()
    {
        using var bench = new StackBench(c => c with { MaxOrphans = 3 });
        StackConnection[] connections = [.. Enumerable.Range(4000, 5).Select(p => bench.Established((ushort)p))];
        var resets = new List<SentFrame>();
        foreach (StackConnection connection in connections)
        {
            bench.Core.OnUserCall(connection, UserCall.Detach, bench.Now);
            resets.AddRange(bench.Pull().Where(f => (f.Flags & TcpFlags.Rst) != 0));
        }

        Assert.Equal([4000, 4001], resets.Select(f => (int)f.SourcePort));
        Assert.Equal(3, bench.Core.OrphanCount);
        Assert.Equal(3, bench.Core.ConnectionCount);
        bench.Advance(61);
        bench.Pull();
        Assert.Equal((0, 0), (bench.Core.OrphanCount, bench.Core.ConnectionCount));
    }

    [Fact]
    public void StackDispose_ResetsOrDrains()
    {
        StackListener listener = _bench.Listen(90);
        _bench.Handshake(to: 90);
        StackConnection connection = _bench.Established();
        _bench.Core.Adopt(connection, new IdleApp());
        _bench.Wakeups();
        _bench.Core.Stop(_bench.Now);
        List<SentFrame> resets = _bench.Pull();
        Assert.Equal([90, 4000], resets.Select(f => (int)f.SourcePort).Order());
        Assert.All(resets, f => Assert.True((f.Flags & TcpFlags.Rst) != 0));
        Assert.Equal(UserTcpCloseReason.StackStopped, connection.Tcb.CloseReason);
        Assert.True((Assert.Single(_bench.Wakeups()).Effects & Effects.Closed) != 0);
        Assert.True(listener.IsClosed);
        Assert.Equal(0, _bench.Core.ConnectionCount);
        Assert.Equal(0, _bench.Core.Config.Chunks.BytesOut);
        Assert.Equal(CallResult.Stopped, _bench.TryConnect(out _));

        // Never silence: who goes on hears RST.
        _bench.Hear(TcpFlags.Ack, 1001, 5, [1], to: 90);
        Assert.Equal(TcpFlags.Rst, Assert.Single(_bench.Pull()).Flags);
    }

    [Fact]
    public void A_lost_link_ends_every_connection_in_silence()
    {
        StackConnection connection = _bench.Established();
        _bench.Core.Adopt(connection, new IdleApp());
        _bench.Wakeups();
        _bench.Write(connection, 1000);
        _bench.Core.OnLinkDown(_bench.Now);
        Assert.Equal(UserTcpCloseReason.LinkDown, connection.Tcb.CloseReason);
        Assert.True((Assert.Single(_bench.Wakeups()).Effects & Effects.Closed) != 0);
        Assert.False(_bench.Core.HasPendingOutput);
        Assert.Empty(_bench.PullOnce(taken: 64));
        Assert.Equal(0, _bench.Core.Config.Chunks.BytesOut);
    }
}
