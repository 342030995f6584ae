using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>What broke other stacks, shown not to break this one.</summary>
public class PitfallTests
{
    private static (TransferApp Client, TransferApp Server) Download(TestNetwork network, long bytes)
    {
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        server.Listen(80, () => accepted = new TransferApp(bytes, 2, 1));
        TransferApp app = client.Connect(new TransferApp(200, 1, 2), server, 80);
        network.RunUntil(() => accepted is not null);
        return (app, accepted!);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(500)]
    public void SlowReceiver_NeverReset(int milliseconds)
    {
        using var network = new TestNetwork();
        (TransferApp client, TransferApp server) = Download(network, 200_000);
        network.Slow = (client.Host, TimeSpan.FromMilliseconds(milliseconds), 1000);
        network.RunUntil(() => client.HasReadEnd, 3600);
        Assert.Equal(200_000, client.BytesRead);
        Assert.Equal(0, client.Host.Counters.ResetsSent + server.Host.Counters.ResetsSent);
    }

    [Fact]
    public void CaptureRingOverflow()
    {
        using var network = new TestNetwork();
        (TransferApp client, TransferApp server) = Download(network, 500_000);
        network.Slow = (client.Host, TimeSpan.FromMilliseconds(2), 8);
        network.RunUntil(() => client.HasReadEnd, 3600);
        Assert.True(network.Overflows > 10);
        Assert.Equal(500_000, client.BytesRead);
        Assert.Equal(0, client.Host.Counters.ResetsSent + server.Host.Counters.ResetsSent);
    }

    [Fact]
    public void AppStopsReading()
    {
        using var network = new TestNetwork();
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? reader = null;
        server.Listen(80, () => reader = new TransferApp(0, 2, 1) { ReadLimit = 1000, ClosesOutput = false });
        TransferApp writer = client.Connect(new TransferApp(3_000_000, 1, 2), server, 80);
        network.RunFor(600);
        Assert.Equal(TcpState.Established, writer.Connection!.Tcb.State);
        Assert.Equal(0, (int)writer.Connection.Tcb.Describe(network.Now).PeerWindow);
        long probed = client.Counters.SegmentsSent + client.Counters.SegmentsResent;
        network.RunFor(200);
        Assert.InRange(client.Counters.SegmentsSent + client.Counters.SegmentsResent - probed, 2, 8);

        reader!.ReadLimit = long.MaxValue;
        reader.Read();
        network.RunUntil(() => reader.HasReadEnd);
        Assert.Equal(3_000_000, reader.BytesRead);
    }

    [Fact, Rfc("9293 §3.10.7.4")]
    public void LostAckFlight_OldDataIsReAcked()
    {
        using var bench = new StackBench();
        bench.Listen();
        uint iss = bench.Handshake();
        bench.Hear(TcpFlags.Ack, 1001, iss + 1, new byte[1000]);
        bench.Hear(TcpFlags.Ack, 2001, iss + 1, new byte[1000]);
        bench.Pull();
        for (int i = 0; i < 300; i++)
        {
            bench.Hear(TcpFlags.Ack, 500, iss + 1); // old and without text: the limiter is exhausted
        }

        bench.Pull();
        for (int i = 0; i < 20; i++)
        {
            bench.Hear(TcpFlags.Ack, 1001, iss + 1, new byte[1000]);
            SentFrame ack = Assert.Single(bench.Pull());
            Assert.Equal((TcpFlags.Ack, 3001u), (ack.Flags, ack.Ack));
        }
    }

    [Fact]
    public void FinWithData()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen();
        uint iss = bench.Handshake();
        bench.Hear(TcpFlags.Ack | TcpFlags.Psh | TcpFlags.Fin, 1001, iss + 1, [1, 2, 3, 4]);
        Assert.Equal(1006u, bench.Pull()[^1].Ack);
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        Assert.Equal(TcpState.CloseWait, connection!.Tcb.State);
        Assert.Equal(4, connection.Receive.Unconsumed);
        Assert.True(connection.Receive.IsFinished);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ArpProbeMidConnection(bool unicast)
    {
        using var bench = new StackBench();
        StackConnection connection = bench.Established();
        bench.Write(connection, 100);
        MacAddress to = unicast ? Packets.OwnMac : MacAddress.Broadcast;
        bench.Hear(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own), to);
        SentFrame reply = bench.Pull()[0];
        Assert.True(reply.IsArp);
        Assert.Equal(Packets.PeerMac, reply.To);
        Assert.True(ArpPacket.TryParse(reply.Bytes.AsSpan(14), out ArpPacket arp));
        Assert.Equal(Packets.Reply(Packets.OwnMac, Packets.Own, Packets.Peer) with { TargetMac = Packets.PeerMac },
            arp);
        Assert.Equal(TcpState.Established, connection.Tcb.State);
    }

    [Fact]
    public void AddressConflict_IsDefended()
    {
        using var bench = new StackBench();
        StackConnection connection = bench.Established();
        bench.Hear(Packets.Request(Packets.OtherMac, Packets.Own, Packets.Own));
        SentFrame defence = Assert.Single(bench.Pull());
        Assert.True(ArpPacket.TryParse(defence.Bytes.AsSpan(14), out ArpPacket arp));
        Assert.True(arp.IsGratuitous && arp.SenderMac == Packets.OwnMac);
        Wakeup wakeup = Assert.Single(bench.Wakeups());
        Assert.Equal((WakeupKind.AddressConflict, Packets.OtherMac), (wakeup.Kind, wakeup.Mac));
        bench.Advance(5);
        bench.Hear(Packets.Request(Packets.OtherMac, Packets.Own, Packets.Own));
        Assert.Empty(bench.Pull());
        bench.Advance(6);
        bench.Hear(Packets.Request(Packets.OtherMac, Packets.Own, Packets.Own));
        Assert.Single(bench.Pull());
        Assert.Equal(TcpState.Established, connection.Tcb.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_address_is_probed_before_it_is_claimed(bool isTaken)
    {
        using var bench = new StackBench(
            c => c with { Link = c.Link with { Features = TestNetwork.OffloadFeatures } }, knowsPeer: false);
        Assert.Equal(AddressState.Probing, bench.Core.AddressState);
        Assert.True(bench.Core.HasPendingOutput);
        Assert.True(Assert.Single(bench.Pull()).IsArp);
        if (isTaken)
            bench.Hear(Packets.Reply(Packets.OtherMac, Packets.Own, Packets.Own), Packets.OwnMac);
        bench.Advance(0.7);
        AddressState expected = isTaken ? AddressState.Conflict : AddressState.Claimed;
        Assert.Equal(expected, bench.Core.AddressState);
        Wakeup wakeup = Assert.Single(bench.Wakeups());
        Assert.Equal(isTaken ? WakeupKind.AddressConflict : WakeupKind.AddressClaimed, wakeup.Kind);
        Assert.Equal((Packets.Own, isTaken ? Packets.OtherMac : Packets.OwnMac), (wakeup.Address, wakeup.Mac));
    }

    [Fact]
    public void GroMergedFrames()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen();
        uint iss = bench.Handshake();
        byte[] text = new byte[60_000];
        new Random(1).NextBytes(text);
        byte[] packet = Packets.Ipv4(
            Packets.Peer, Packets.Own, StackBench.Segment(TcpFlags.Ack | TcpFlags.Psh, 1001, iss + 1, text));
        bench.Hear(
            Packets.Frame(Packets.OwnMac, Packets.PeerMac, 0x0800, packet),
            new FrameOffload { Flags = FrameOffloadFlags.DataValid, Segmentation = SegmentationOffload.TcpV4, SegmentSize = 1460 });
        Assert.Equal(61_001u, Assert.Single(bench.Pull()).Ack);
        Assert.True(bench.Core.TryAccept(listener, out StackConnection? connection));
        Assert.Equal(60_000, connection!.Receive.Unconsumed);
        System.Buffers.ReadOnlySequence<byte> view = connection.Receive.Read();
        Assert.Equal(text, System.Buffers.BuffersExtensions.ToArray(view));
    }

    [Theory]
    [InlineData(50)]
    [InlineData(5000)]
    public void A_late_timer_is_evaluated_at_its_scheduled_time_unless_the_machine_slept(int lateMilliseconds)
    {
        using var bench = new StackBench();
        StackConnection connection = bench.Connect();
        bench.Pull();
        Instant due = bench.Now + TimeSpan.FromSeconds(1);
        Assert.Equal(due, connection.Tcb.NextDeadline);
        bench.Now = due + TimeSpan.FromMilliseconds(lateMilliseconds);
        bench.Core.OnDeadline(bench.Now);
        Instant evaluated = lateMilliseconds < 100 ? due : bench.Now;
        Assert.Equal(evaluated + TimeSpan.FromSeconds(2), connection.Tcb.NextDeadline);
        Assert.Equal(TcpFlags.Syn, Assert.Single(bench.Pull()).Flags);
    }

    [Fact, Rfc("9293 §3.7.1", "SHLD-5")]
    public void OptionsOnSyn()
    {
        using var bench = new StackBench();
        var call = new ConnectCall { Remote = Packets.Peer, RemotePort = 80, Config = new TcpConfig() };
        Assert.Equal(CallResult.Done, bench.Core.Connect(call, bench.Now, out _));
        SentFrame syn = Assert.Single(bench.Pull());
        Assert.True(TcpSegment.TryParse(syn.IpPayload, out TcpSegment seg));
        TcpOptions options = seg.Options;
        Assert.True(options is { HasMss: true, Mss: 1460, HasWindowScale: true, SackPermitted: true,
            HasTimestamps: true });
    }
}
