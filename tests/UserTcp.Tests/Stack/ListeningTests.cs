using UserTcp.Diagnostics;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Passive opens: half-open connections, the accept queue, their bounds and their end.</summary>
public sealed class ListeningTests : IDisposable
{
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void A_SYN_ACK_that_is_sent_again_is_counted_as_such()
    {
        _bench.Listen();
        _bench.Hear(TcpFlags.Syn, 1000);
        Assert.Single(_bench.Pull());
        long sent = _bench.Core.Counters.SegmentsSent;
        _bench.Advance(1.5);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(_bench.Pull()).Flags);
        Assert.Equal(sent, _bench.Core.Counters.SegmentsSent);
    }

    [Fact, Rfc("9293 §3.10.7.2")]
    public void The_final_ACK_of_the_handshake_wakes_the_listener_once_for_many()
    {
        StackListener listener = _bench.Listen();
        _bench.Handshake(5001);
        _bench.Handshake(5002);
        Wakeup wakeup = Assert.Single(_bench.Wakeups());
        Assert.Equal(WakeupKind.Listener, wakeup.Kind);
        Assert.Same(listener, wakeup.Listener);
        Assert.Equal(2, listener.PendingAccepts);
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? first));
        Assert.Equal(5001, first!.Flow.RemotePort);
        Assert.Equal(TcpState.Established, first.Tcb.State);
        Assert.True(_bench.Core.TryAccept(listener, out _));
        Assert.False(_bench.Core.TryAccept(listener, out _));
        Assert.Equal(2, listener.Accepted);
    }

    [Fact]
    public void What_happened_before_the_accept_is_told_to_the_new_owner()
    {
        StackListener listener = _bench.Listen();
        uint iss = _bench.Handshake();
        _bench.Hear(TcpFlags.Ack | TcpFlags.Fin, 1001, iss + 1, [1, 2, 3]);
        _bench.Wakeups();
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        _bench.Core.Adopt(connection!, new IdleApp());
        Wakeup wakeup = Assert.Single(_bench.Wakeups());
        Assert.Same(connection, wakeup.Connection);
        Assert.Equal(Effects.Connected | Effects.Readable, wakeup.Effects & (Effects.Connected | Effects.Readable));
        Assert.Equal(3, connection!.Receive.Unconsumed);
        Assert.True(connection.Receive.IsFinished);
    }

    [Fact]
    public void With_a_full_accept_queue_the_final_ACK_is_ignored_and_the_SYN_ACK_repeated()
    {
        StackListener listener = _bench.Listen(backlog: 1);
        _bench.Handshake(5001);
        uint iss = _bench.Handshake(5002);
        Assert.Equal(1, listener.PendingAccepts);
        Assert.Equal(1, listener.HalfOpen);
        Assert.Equal(1, listener.Overflows);
        Assert.Empty(_bench.Pull());
        _bench.Advance(1.1);
        SentFrame again = Assert.Single(_bench.Pull());
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, again.Flags);
        Assert.Equal(iss, again.Seq);

        Assert.True(_bench.Core.TryAccept(listener, out _));
        _bench.Hear(TcpFlags.Ack, 1001, iss + 1, from: 5002);
        Assert.Equal(1, listener.PendingAccepts);
        Assert.Equal(0, listener.HalfOpen);
    }

    [Fact]
    public void A_SYN_ACK_is_sent_five_more_times_and_then_forgotten()
    {
        StackListener listener = _bench.Listen();
        _bench.Hear(TcpFlags.Syn, 1000);
        Assert.Single(_bench.Pull());
        int repeated = 0;
        for (int second = 0; second < 200; second++)
        {
            _bench.Advance(1);
            repeated += _bench.Pull().Count(f => !f.IsArp && f.Flags == (TcpFlags.Syn | TcpFlags.Ack));
        }

        Assert.Equal(5, repeated);
        Assert.Equal(0, listener.HalfOpen);
        Assert.Equal(0, _bench.Core.HalfOpenCount);
        Assert.Equal(1, _bench.Core.Counters.FailedConnectionAttempts);
    }

    [Fact, Rfc("4987 §3.4", "R4987-3")]
    public void A_half_open_connection_has_no_TCB_and_no_buffers()
    {
        _bench.Listen();
        _bench.Hear(TcpFlags.Syn, 1000, from: 6001);
        Assert.Single(_bench.Pull());
        Assert.Equal((1, 0), (_bench.Core.HalfOpenCount, _bench.Core.ConnectionCount));
    }

    [Fact]
    [Rfc("4987 §3.2", "R4987-2")]
    public void Half_open_connections_are_bounded_for_each_listener_and_for_the_stack()
    {
        StackListener small = _bench.Listen(81, synBacklog: 3);
        for (ushort port = 6000; port < 6010; port++)
        {
            _bench.Hear(TcpFlags.Syn, 1, from: port, to: 81);
        }

        Assert.Equal(3, small.HalfOpen);
        Assert.Equal(3, _bench.Pull().Count);
        Assert.Equal(7, small.Overflows);
        Assert.Equal(7, _bench.Drops(PacketDropReason.BacklogFull));

        using var tight = new StackBench(c => c with { MaxHalfOpen = 4 });
        tight.Listen(81);
        tight.Listen(82);
        for (ushort port = 6000; port < 6003; port++)
        {
            tight.Hear(TcpFlags.Syn, 1, from: port, to: 81);
            tight.Hear(TcpFlags.Syn, 1, from: port, to: 82);
        }

        Assert.Equal(4, tight.Core.HalfOpenCount);
    }

    [Fact]
    public void Above_the_limit_of_connections_SYNs_are_dropped_and_connects_fail()
    {
        using var bench = new StackBench(c => c with { MaxConnections = 2 });
        bench.Listen();
        bench.Handshake(5001);
        bench.Handshake(5002);
        bench.Hear(TcpFlags.Syn, 1, from: 5003);
        Assert.Empty(bench.Pull());
        Assert.Equal(1, bench.Drops(PacketDropReason.BacklogFull));
        Assert.Equal(CallResult.TooManyConnections, bench.TryConnect(out StackConnection? connection));
        Assert.Null(connection);
    }

    [Fact, Rfc("9293 §3.10.7.2")]
    public void A_listener_answers_an_ACK_with_RST_and_RST_with_silence()
    {
        _bench.Listen();
        _bench.Hear(TcpFlags.Rst, 1);
        _bench.Hear(TcpFlags.Rst | TcpFlags.Ack, 1, 2);
        Assert.Empty(_bench.Pull());
        _bench.Hear(TcpFlags.Ack, 1, 777);
        SentFrame reset = Assert.Single(_bench.Pull());
        Assert.Equal((TcpFlags.Rst, 777u), (reset.Flags, reset.Seq));
    }

    [Theory]
    [InlineData((byte)(TcpFlags.Syn | TcpFlags.Fin))]
    [InlineData((byte)TcpFlags.None)]
    [InlineData((byte)TcpFlags.Fin)]
    [InlineData((byte)(TcpFlags.Syn | TcpFlags.Rst))]
    [InlineData((byte)0xff)]
    public void Nonsense_to_a_listener_begins_nothing(byte flags)
    {
        StackListener listener = _bench.Listen();
        _bench.Hear((TcpFlags)flags, 1, 2);
        Assert.DoesNotContain(_bench.Pull(), f => (f.Flags & TcpFlags.Syn) != 0);
        Assert.Equal(0, listener.HalfOpen);
        Assert.Equal(0, _bench.Core.ConnectionCount);
    }

    [Fact]
    public void A_reset_of_the_half_open_connection_frees_its_place()
    {
        StackListener listener = _bench.Listen();
        _bench.Hear(TcpFlags.Syn, 1000);
        _bench.Pull();
        _bench.Hear(TcpFlags.Rst, 1001);
        Assert.Equal(0, listener.HalfOpen);
        Assert.Empty(_bench.Pull());
    }

    [Fact]
    public void Closing_a_listener_resets_what_nobody_accepted_and_spares_what_was_accepted()
    {
        StackListener listener = _bench.Listen();
        uint accepted = _bench.Handshake(5001);
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? kept));
        uint waiting = _bench.Handshake(5002);
        _bench.Hear(TcpFlags.Ack, 1001, waiting + 1, new byte[100], from: 5002);
        _bench.Hear(TcpFlags.Syn, 1000, from: 5003);
        _bench.Pull();
        _bench.Core.CloseListener(listener, _bench.Now);
        List<SentFrame> resets = _bench.Pull();
        Assert.Equal([5002, 5003], resets.Select(f => (int)f.DestinationPort).Order());
        Assert.All(resets, f => Assert.True((f.Flags & TcpFlags.Rst) != 0));
        Assert.Equal(TcpState.Established, kept!.Tcb.State);
        Assert.Equal(1, _bench.Core.ConnectionCount);
        Assert.Equal(0, _bench.Core.HalfOpenCount);
        Assert.Equal(0, _bench.Core.Config.Chunks.BytesOut);

        // The port is free, and nobody listens.
        _bench.Hear(TcpFlags.Syn, 1, from: 5004);
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, Assert.Single(_bench.Pull()).Flags);
        _bench.Listen();
        _bench.Core.CloseListener(listener, _bench.Now);
        _bench.Hear(TcpFlags.Syn, 1, from: 5005);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(_bench.Pull()).Flags);
        Assert.NotEqual(accepted, waiting);
    }

    [Fact]
    public void A_port_that_is_listened_on_is_in_use_and_port_0_is_an_ephemeral_one()
    {
        _bench.Listen();
        var call = new ListenCall { Mode = ListenMode.OwnAddresses, Port = 80, Backlog = 1, Config = new TcpConfig() };
        Assert.Equal(CallResult.AddressInUse, _bench.Core.Listen(call, out StackListener? none));
        Assert.Null(none);
        StackListener one = _bench.Listen(0);
        StackListener two = _bench.Listen(0);
        Assert.InRange(one.Port, 32768, 65535);
        Assert.NotEqual(one.Port, two.Port);
        call = call with { Mode = ListenMode.OneAddress, Address = Packets.Far };
        Assert.Equal(CallResult.NotOurAddress, _bench.Core.Listen(call, out _));
    }

    [Fact, Rfc("9293 §3.10.7.4", "MUST-9")]
    public void Initial_sequence_numbers_differ_by_flow()
    {
        _bench.Listen();
        uint[] numbers = [.. Enumerable.Range(5000, 20).Select(port => _bench.Handshake((ushort)port))];
        Assert.Equal(20, numbers.Distinct().Count());
        Assert.Contains(numbers.Zip(numbers.Skip(1)), p => p.Second - p.First > 1_000_000);
    }
}
