using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>RFC 9293 §3.9: what OPEN lets the caller choose, and what TCP asks of IP.</summary>
public sealed class InterfaceTests
{
    private static readonly HostAddress s_second = Packets.Address("203.0.113.1");
    private static readonly HostAddress s_secondPeer = Packets.Address("203.0.113.2");

    [Fact]
    public void The_route_with_the_lowest_metric_is_taken()
    {
        HostAddress near = Packets.Address("192.0.2.30"), far = Packets.Address("192.0.2.31");
        HostAddress network = Packets.Address("100.64.0.0");
        using var bench = new StackBench(c => c with
        {
            Routes = [new StackRoute(network, 10, far, 20), new StackRoute(network, 10, near, 10)],
        });
        bench.Connect(Packets.Address("100.64.0.9"));
        SentFrame request = Assert.Single(bench.Pull());
        Assert.True(request.IsArp);
        Assert.Equal(near, HostAddress.ReadV4(request.Bytes.AsSpan(38)));
    }

    [Fact]
    [Rfc("9293 §3.9.1.1", "MUST-41")]
    public void A_passive_open_that_fails_or_succeeds_leaves_what_exists_alone()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen();
        uint iss = bench.Handshake();
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));

        var again = new ListenCall
        {
            Mode = ListenMode.OwnAddresses, Port = StackBench.Port, Backlog = 1, SynBacklog = 1,
            Config = new TcpConfig(),
        };
        Assert.Equal(CallResult.AddressInUse, bench.Core.Listen(again, out _));
        Assert.Equal(CallResult.Done, bench.Core.Listen(again with { Port = 81 }, out _));

        bench.Hear(TcpFlags.Ack, 1001, iss + 1, [1, 2, 3]);
        Assert.Equal((TcpState.Established, 3L), (connection!.Tcb.State, connection.Receive.Unconsumed));
        Assert.Equal(1004u, Assert.Single(bench.Pull()).Ack);
        bench.Handshake(from: 5001);
        Assert.True(bench.Core.TryAccept(listener, out _));
    }

    [Fact]
    [Rfc("9293 §3.9.1.1", "MUST-42")]
    public void A_port_can_be_listened_on_while_a_connection_from_it_is_being_opened()
    {
        using var bench = new StackBench();
        StackConnection sent = bench.Connect(localPort: 4000);
        bench.Listen(4000);
        StackConnection received = bench.Connect(localPort: 4001);
        bench.Pull();
        bench.Hear(TcpFlags.Syn, 1000, from: StackBench.Port, to: 4001);
        Assert.Equal((TcpState.SynSent, TcpState.SynReceived), (sent.Tcb.State, received.Tcb.State));
        StackListener listener = bench.Listen(4001);
        bench.Pull();

        bench.Handshake(to: 4001);
        Assert.True(bench.Core.TryAccept(listener, out _));
        Assert.Equal((TcpState.SynSent, TcpState.SynReceived), (sent.Tcb.State, received.Tcb.State));
    }

    [Fact]
    [Rfc("9293 §3.9.1.1", "MUST-43", "MUST-45")]
    public void The_local_address_of_the_call_is_that_of_every_segment()
    {
        using StackBench bench = WithTwoAddresses();
        Assert.Equal(
            CallResult.Done, bench.TryConnect(out StackConnection? connection, local: s_second, localPort: 4000));
        SentFrame syn = Assert.Single(bench.Pull());
        Assert.Equal((s_second, Packets.Peer), (syn.Source, syn.Destination));

        bench.Hear(
            TcpFlags.Syn | TcpFlags.Ack, 1000, syn.Seq + 1, from: StackBench.Port, to: 4000, destination: s_second);
        bench.Write(connection!, 2000);
        bench.Core.OnUserCall(connection!, UserCall.Close, bench.Now);
        List<SentFrame> sent = bench.Pull();
        Assert.NotEmpty(sent);
        Assert.All(sent, frame => Assert.Equal(s_second, frame.Source));
    }

    [Fact]
    [Rfc("9293 §3.9.1.1", "MUST-43")]
    public void A_listener_on_one_address_does_not_hear_the_others()
    {
        using StackBench bench = WithTwoAddresses();
        var call = new ListenCall
        {
            Mode = ListenMode.OneAddress, Address = s_second, Port = 80, Backlog = 1, SynBacklog = 1,
            Config = new TcpConfig(),
        };
        Assert.Equal(CallResult.Done, bench.Core.Listen(call, out _));

        bench.Hear(TcpFlags.Syn, 1000);
        Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, Assert.Single(bench.Pull()).Flags);
        bench.Hear(TcpFlags.Syn, 1000, destination: s_second);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, Assert.Single(bench.Pull()).Flags);
    }

    [Fact]
    [Rfc("9293 §3.9.1.1", "MUST-44")]
    public void Without_a_local_address_the_route_to_the_peer_chooses()
    {
        using StackBench bench = WithTwoAddresses();

        Assert.Equal(Packets.Own, bench.Connect(Packets.Peer).Flow.Local);
        Assert.Equal(s_second, bench.Connect(s_secondPeer).Flow.Local);
        Assert.Equal(Packets.Own, bench.Connect(Packets.Far).Flow.Local); // the gateway's network
    }

    [Fact]
    [Rfc("9293 §3.9.1.9", "MUST-48", "SHLD-21", "SHLD-22")]
    public void The_traffic_class_of_the_call_is_sent_as_it_is_and_may_change()
    {
        using var bench = new StackBench();
        var config = new TcpConfig { Live = new() { TrafficClass = 0x28 } };
        StackConnection connection = Open(bench, config);
        SentFrame syn = Assert.Single(bench.Pull());
        bench.Hear(
            TcpFlags.Syn | TcpFlags.Ack, 1000, syn.Seq + 1, from: StackBench.Port, to: connection.Flow.LocalPort);
        byte ofAck = Assert.Single(bench.Pull()).Bytes[15];
        connection.Tcb.Live = connection.Tcb.Live with { TrafficClass = 0xb8 };
        bench.Write(connection, 10);

        Assert.Equal((0x28, 0x28, 0xb8), (syn.Bytes[15], ofAck, Assert.Single(bench.Pull()).Bytes[15]));
    }

    [Theory]
    [Rfc("9293 §3.9.2", "MUST-49")]
    [InlineData(1)]
    [InlineData(255)]
    public void The_time_to_live_of_the_call_is_sent(byte timeToLive)
    {
        using var bench = new StackBench();
        Open(bench, new TcpConfig { Live = new() { TimeToLive = timeToLive } });

        Assert.Equal(timeToLive, Assert.Single(bench.Pull()).TimeToLive);
    }

    [Theory]
    [Rfc("9293 §3.9.2", "MUST-50")]
    [InlineData(new byte[] { 1, 1, 1, 0 })] // no operation
    [InlineData(new byte[] { 0x83, 7, 4, 198, 51, 100, 7, 0 })] // a source route to another host
    [InlineData(new byte[] { 0x44, 8, 9, 0, 0, 0, 0, 0 })] // a timestamp
    [InlineData(new byte[] { 0x9f, 4, 1, 2 })] // a number that nobody gave out
    [InlineData(new byte[] { 0x9f, 77, 1, 2 })] // the same with a wrong length
    public void Options_of_IP_do_not_matter_to_a_segment(byte[] options)
    {
        using var bench = new StackBench();
        bench.Listen();
        bench.HearPacket(Packets.Ipv4(
            Packets.Peer, Packets.Own, StackBench.Segment(TcpFlags.Syn, 1000), options: options));

        SentFrame synAck = Assert.Single(bench.Pull());
        Assert.Equal((TcpFlags.Syn | TcpFlags.Ack, 1001u), (synAck.Flags, synAck.Ack));
        Assert.Equal((0x45, Packets.Peer), (synAck.Bytes[14], synAck.Destination));
    }

    [Fact]
    [Rfc("9293 §3.7.3", "SHLD-6")]
    public void The_segment_size_announced_follows_the_MTU_of_the_link()
    {
        using var bench = new StackBench();
        bench.Listen();
        bench.Hear(TcpFlags.Syn, 1000);
        Assert.Equal(1460, AnnouncedMss(Assert.Single(bench.Pull())));
        bench.Core.OnMtuChanged(1000, bench.Now);
        bench.Hear(TcpFlags.Syn, 1000, from: 5001);
        Assert.Equal(960, AnnouncedMss(Assert.Single(bench.Pull())));
        bench.Connect();
        Assert.Equal(960, AnnouncedMss(Assert.Single(bench.Pull())));
    }

    private static StackBench WithTwoAddresses()
    {
        var bench = new StackBench(config => config with
        {
            Addresses = [new StackAddress(Packets.Own, 24), new StackAddress(s_second, 24)],
        });
        bench.Hear(Packets.Request(Packets.OtherMac, s_secondPeer, s_second));
        bench.Pull();
        return bench;
    }

    private static StackConnection Open(StackBench bench, TcpConfig config)
    {
        var call = new ConnectCall { Remote = Packets.Peer, RemotePort = StackBench.Port, Config = config };
        Assert.Equal(CallResult.Done, bench.Core.Connect(call, bench.Now, out StackConnection? connection));
        return connection!;
    }

    private static int AnnouncedMss(SentFrame frame)
    {
        Assert.True(TcpSegment.TryParse(frame.IpPayload, out TcpSegment segment));
        Assert.True(segment.Options.HasMss);
        return segment.Options.Mss;
    }
}
