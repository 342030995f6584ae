using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>What leaves, in which order, and what becomes of what the device does not take.</summary>
public sealed class EgressTests : IDisposable
{
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private void Acknowledge(SentFrame frame, ushort localPort) =>
        _bench.Hear(TcpFlags.Ack, 1001, frame.Seq + (uint)frame.Text.Length, from: StackBench.Port, to: localPort);

    [Fact]
    [Rfc("8899 §3", "R8899-2")]
    public void A_super_segment_says_all_that_the_device_needs_to_know()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 4000);
        SentFrame frame = Assert.Single(_bench.Pull());
        Assert.Equal(4000, frame.Text.Length);
        Assert.Equal(
            new FrameOffload
            {
                Flags = FrameOffloadFlags.NeedsChecksum, Segmentation = SegmentationOffload.TcpV4, HeaderLength = 54,
                SegmentSize = 536, ChecksumStart = 34, ChecksumOffset = 16,
            },
            frame.Offload);
        ulong pseudo = InternetChecksum.PseudoHeader(Packets.Own, Packets.Peer, IpProtocol.Tcp, 4020);
        Assert.Equal(InternetChecksum.Fold(pseudo), frame.IpPayload[16] << 8 | frame.IpPayload[17]);
        Assert.True(Ipv4Header.TryParse(frame.Bytes.AsSpan(14), out Ipv4Header ip));
        Assert.True(ip.HasValidChecksum && ip.DontFragment);
        Assert.Equal(4040, ip.TotalLength);
        Assert.Equal((Packets.PeerMac, Packets.OwnMac), (frame.To, new MacAddress(frame.Bytes.AsSpan(6))));
    }

    [Fact]
    public void What_the_device_did_not_take_is_sent_later_in_the_same_order()
    {
        StackConnection[] connections = [.. Enumerable.Range(4000, 5).Select(p => _bench.Established((ushort)p))];
        foreach (StackConnection connection in connections)
        {
            _bench.Write(connection, 100);
        }

        List<SentFrame> offered = _bench.PullOnce(taken: 2);
        Assert.Equal([4000, 4001, 4002, 4003, 4004], offered.Select(f => (int)f.SourcePort));
        Assert.Equal(1, _bench.Core.Counters.LinkSendBackpressure);
        Assert.True(_bench.Core.HasPendingOutput);
        Assert.Equal([4002, 4003, 4004], _bench.Pull().Select(f => (int)f.SourcePort));
        Assert.False(_bench.Core.HasPendingOutput);
    }

    [Fact]
    public void Packets_that_the_device_did_not_take_keep_their_order_and_bytes()
    {
        for (byte i = 1; i <= 3; i++)
        {
            HearEcho(i);
        }

        Assert.Equal(3, _bench.PullOnce(taken: 1).Count);
        HearEcho(4);
        Assert.Equal([2, 3, 4], _bench.Pull().Select(frame => (int)frame.IpPayload[^1]));
        Assert.Equal(0, _bench.Drops(PacketDropReason.QueueFull));

        void HearEcho(byte data) => _bench.HearPacket(
            Packets.Ipv4(Packets.Peer, Packets.Own, StackBench.Icmp(IcmpType.EchoRequest, 0, 1, [data]), 1));
    }

    [Fact]
    public void Text_that_was_acknowledged_while_its_plan_waited_is_not_sent()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 1000);
        SentFrame first = Assert.Single(_bench.PullOnce(taken: 0));
        _bench.Hear(TcpFlags.Ack, 1001, first.Seq + 600, from: StackBench.Port, to: 4000);
        SentFrame later = Assert.Single(_bench.Pull());
        Assert.Equal((first.Seq + 600, 400), (later.Seq, later.Text.Length));
    }

    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-62")]
    public void The_urgent_pointer_of_a_plan_that_is_acknowledged_in_part_counts_from_the_rest()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 500);
        _bench.Core.OnUserCall(connection, UserCall.SendUrgent(connection.Send.End), _bench.Now);
        SentFrame first = Assert.Single(_bench.PullOnce(taken: 0));
        Assert.Equal(500, first.UrgentPointer);
        _bench.Hear(TcpFlags.Ack, 1001, first.Seq + 300, from: StackBench.Port, to: 4000);
        SentFrame later = Assert.Single(_bench.Pull());
        Assert.Equal((first.Seq + 300, 200, 200), (later.Seq, later.Text.Length, (int)later.UrgentPointer));
    }

    [Fact]
    [Rfc("9293 §3.8.5", "MUST-30", "MUST-62")]
    public void An_urgent_plan_that_became_too_long_for_the_link_is_not_cut_below_TCP()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 500);
        _bench.Core.OnUserCall(connection, UserCall.SendUrgent(connection.Send.End), _bench.Now);
        SentFrame first = Assert.Single(_bench.PullOnce(taken: 0));
        _bench.Core.OnMtuChanged(400, _bench.Now);
        List<SentFrame> later = _bench.Pull();
        Assert.Equal(first.Seq, later[0].Seq);
        Assert.Equal(first.Seq + 500, later.Max(f => f.Seq + (uint)f.Text.Length));
        Assert.All(later, f => Assert.InRange(f.Text.Length, 1, 360));
        Assert.All(later, f => Assert.Equal(first.Seq + 500, f.Seq + f.UrgentPointer));
    }

    [Fact]
    public void A_plan_whose_connection_was_reset_meanwhile_carries_no_text()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 1000);
        SentFrame first = Assert.Single(_bench.PullOnce(taken: 0));
        _bench.Hear(TcpFlags.Rst, 1001, from: StackBench.Port, to: 4000);
        Assert.All(_bench.Pull(), f => Assert.Empty(f.Text));
        Assert.True(connection.IsForgotten);
        Assert.Equal(0, _bench.Core.Config.Chunks.BytesOut);
        Assert.Equal(1000, first.Text.Length);
    }

    [Fact]
    public void Each_connection_has_its_turn_and_its_budget()
    {
        using var bench = new StackBench(c => c with { OutputBudgetBytes = 2000 });
        StackConnection[] connections = [bench.Established(4000), bench.Established(4001)];
        foreach (StackConnection connection in connections)
        {
            bench.Write(connection, 5_000);
        }

        // One segment of 5,000 bytes each: a plan is not cut, but nobody gets a second one before the others.
        bench.Write(connections[0], 1);
        Assert.Equal([4000, 4001], bench.PullOnce(taken: 64).Select(f => (int)f.SourcePort));
        Assert.Empty(bench.PullOnce(taken: 64));
        Assert.True(bench.Core.HasPendingOutput);
        Assert.Empty(bench.PullOnce(taken: 64));
        Assert.False(bench.Core.HasPendingOutput);
    }

    [Fact]
    public void Nothing_is_pulled_from_a_connection_whose_next_hop_is_unknown()
    {
        using var bench = new StackBench(knowsPeer: false);
        StackConnection connection = bench.Connect();
        Assert.True(Assert.Single(bench.Pull()).IsArp);
        Assert.True(connection.IsParked);
        Assert.Equal(0, connection.Tcb.Describe(bench.Now).Counters.SegmentsSent);
        bench.Hear(Packets.Reply(Packets.PeerMac, Packets.Peer, Packets.Own), Packets.OwnMac);
        SentFrame syn = Assert.Single(bench.Pull());
        Assert.Equal((TcpFlags.Syn, Packets.PeerMac), (syn.Flags, syn.To));
        Assert.False(connection.IsParked);
    }

    [Fact]
    public void Far_hosts_are_reached_through_the_gateway()
    {
        _bench.Connect(Packets.Far);
        SentFrame request = Assert.Single(_bench.Pull());
        Assert.True(request.IsArp);
        Assert.Equal(Packets.Router, HostAddress.ReadV4(request.Bytes.AsSpan(38)));
        _bench.Hear(Packets.Reply(Packets.OtherMac, Packets.Router, Packets.Own), Packets.OwnMac);
        SentFrame syn = Assert.Single(_bench.Pull());
        Assert.Equal((Packets.OtherMac, Packets.Far), (syn.To, syn.Destination));
    }

    [Fact]
    public void A_next_hop_that_never_answers_ends_the_connect_after_three_requests()
    {
        using var bench = new StackBench(knowsPeer: false);
        StackConnection connection = bench.Connect();
        bench.Core.Adopt(connection, new IdleApp());
        int requests = 0;
        for (int i = 0; i < 50; i++)
        {
            requests += bench.Pull().Count(f => f.IsArp);
            bench.Advance(0.1);
        }

        Assert.Equal(3, requests);
        Assert.Equal(UserTcpCloseReason.HostUnreachable, connection.Tcb.CloseReason);
        Assert.True(connection.IsForgotten);
        Assert.True((Assert.Single(bench.Wakeups()).Effects & Effects.Closed) != 0);
    }

    [Fact]
    public void Replies_wait_for_their_next_hop_sixteen_at_most_the_oldest_goes()
    {
        using var bench = new StackBench(knowsPeer: false);
        for (ushort port = 6000; port < 6020; port++)
        {
            bench.Hear(TcpFlags.Syn, 1, from: port);
        }

        Assert.True(Assert.Single(bench.Pull()).IsArp);
        Assert.Equal(4, bench.Drops(PacketDropReason.QueueFull));
        bench.Hear(Packets.Reply(Packets.PeerMac, Packets.Peer, Packets.Own), Packets.OwnMac);
        List<SentFrame> resets = bench.Pull();
        Assert.Equal(Enumerable.Range(6004, 16), resets.Select(f => (int)f.DestinationPort));
        Assert.All(resets, f => Assert.Equal(TcpFlags.Rst | TcpFlags.Ack, f.Flags));
    }

    [Fact]
    public void An_aborted_connection_whose_next_hop_is_lost_is_forgotten_at_once_and_its_RST_waits_alone()
    {
        StackConnection connection = _bench.Established();
        _bench.Advance(400); // the neighbour's entry is old; nobody answers the poll that this starts
        _bench.Write(connection, 10);
        for (int i = 0; i < 100 && !connection.IsParked; i++)
        {
            _bench.Pull();
            _bench.Advance(0.1);
        }

        Assert.True(connection.IsParked);
        _bench.Core.OnUserCall(connection, UserCall.Abort, _bench.Now);
        _bench.Pull();
        Assert.True(connection.IsForgotten);
        _bench.Hear(Packets.Request(Packets.PeerMac, Packets.Peer, Packets.Own));
        Assert.Contains(_bench.Pull(), f => !f.IsArp && (f.Flags & TcpFlags.Rst) != 0);
    }

    [Fact]
    public void Resets_to_strangers_are_limited()
    {
        using var bench = new StackBench(c => c with { StrangerRepliesPerSecond = 40 });
        for (ushort port = 6000; port < 6100; port++)
        {
            bench.Hear(TcpFlags.Syn, 1, from: port);
        }

        int answered = bench.Pull().Count;
        Assert.InRange(answered, 20, 59);
        Assert.Equal(100 - answered, bench.Drops(PacketDropReason.RateLimited));
        Assert.Equal(100, bench.Drops(PacketDropReason.NoListener));
        Assert.Equal(answered, bench.Core.Counters.ResetsSent);
    }

    [Fact]
    public void A_smaller_link_MTU_cuts_what_waits_already()
    {
        StackConnection connection = _bench.Established(mss: 1460);
        _bench.Write(connection, 5000);
        Assert.Equal(1460, Assert.Single(_bench.PullOnce(taken: 0)).Offload.SegmentSize);
        _bench.Core.OnMtuChanged(1000, _bench.Now);
        Assert.Equal(960, _bench.Pull()[0].Offload.SegmentSize);
    }

    [Fact]
    public void Counters_tell_segments_from_frames()
    {
        StackConnection connection = _bench.Established();
        long segments = _bench.Core.Counters.SegmentsSent;
        long bytes = _bench.Core.Counters.BytesSent;
        long frames = _bench.Core.Counters.FramesSent;
        _bench.Write(connection, 1072);
        SentFrame data = Assert.Single(_bench.Pull());
        Assert.Equal(segments + 2, _bench.Core.Counters.SegmentsSent);
        Assert.Equal(frames + 1, _bench.Core.Counters.FramesSent);
        Assert.Equal(bytes + data.Bytes.Length, _bench.Core.Counters.BytesSent);
        _bench.Advance(1.5);
        _bench.Pull();
        Assert.True(_bench.Core.Counters.SegmentsResent > 0);
        Acknowledge(data, 4000);
    }
}
