using System.Buffers.Binary;
using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Ping both ways, unreachables for what nobody takes, errors for the connection they quote.</summary>
public sealed class StackIcmpTests : IDisposable
{
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private void HearIcmp(IcmpType type, byte code, uint rest, byte[] body, HostAddress? from = null) =>
        _bench.HearPacket(Packets.Ipv4(from ?? Packets.Peer, Packets.Own, StackBench.Icmp(type, code, rest, body), 1));

    /// <summary>The start of a segment that we sent, as a router quotes it.</summary>
    private static byte[] Quote(SentFrame frame) => frame.Bytes[14..42];

    /// <summary>The text of each segment that the device makes of a frame.</summary>
    private static int SegmentBytes(SentFrame frame) =>
        frame.Offload.SegmentSize > 0 ? frame.Offload.SegmentSize : frame.Text.Length;

    [Fact]
    public void An_echo_request_is_answered_with_its_data()
    {
        byte[] data = [1, 2, 3, 4, 5];
        HearIcmp(IcmpType.EchoRequest, 0, 0x00070009, data);
        SentFrame reply = Assert.Single(_bench.Pull());
        Assert.Equal(IcmpType.EchoReply, reply.IcmpType);
        Assert.Equal((Packets.Own, Packets.Peer), (reply.Source, reply.Destination));
        Assert.Equal([0, 7, 0, 9, .. data], reply.IpPayload[4..]);
        Assert.Equal(Packets.PeerMac, reply.To);
    }

    [Fact]
    public void Of_all_types_and_codes_only_the_echo_request_is_answered()
    {
        for (int i = 0; i < 1 << 16; i++)
        {
            (IcmpType type, byte code) = ((IcmpType)(i >> 8), (byte)i);
            HearIcmp(type, code, 0x00070009, []);
            IReadOnlyList<SentFrame> frames = _bench.Pull();
            if (type == IcmpType.EchoRequest && code == 0)
                Assert.Equal(IcmpType.EchoReply, Assert.Single(frames).IcmpType);
            else
                Assert.True(frames.Count == 0, $"Type {type}, code {code} has {frames.Count} answers.");
        }

        Assert.True(_bench.Drops(PacketDropReason.IgnoredIcmp) > 0);
    }

    [Fact]
    public void Replies_to_echo_requests_are_limited()
    {
        using var bench = new StackBench(c => c with { StrangerRepliesPerSecond = 20 });
        int answered = RepliesToSixty(bench);
        Assert.InRange(answered, 10, 29);
        Assert.Equal(60 - answered, bench.Drops(PacketDropReason.RateLimited));
        bench.Advance(0.01);
        Assert.Equal(0, RepliesToSixty(bench));
        bench.Advance(1);
        Assert.InRange(RepliesToSixty(bench), 10, 29);
    }

    private static int RepliesToSixty(StackBench bench)
    {
        byte[] request = Packets.Ipv4(
            Packets.Peer, Packets.Own, StackBench.Icmp(IcmpType.EchoRequest, 0, 1, []), 1);
        for (int i = 0; i < 60; i++)
        {
            bench.HearPacket(request);
        }

        return bench.Pull().Count;
    }

    [Fact]
    public void A_stack_that_does_not_respond_to_ping_does_not()
    {
        using var bench = new StackBench(c => c with { RespondToPing = false });
        bench.HearPacket(Packets.Ipv4(Packets.Peer, Packets.Own, StackBench.Icmp(IcmpType.EchoRequest, 0, 1, []), 1));
        Assert.Empty(bench.Pull());
    }

    [Fact]
    public void Our_echo_request_is_matched_with_its_reply_and_its_error()
    {
        Assert.Equal(CallResult.Done, _bench.Core.Ping(Packets.Peer, 5, 6, [9, 9], 33, _bench.Now));
        SentFrame request = Assert.Single(_bench.Pull());
        Assert.Equal((IcmpType.EchoRequest, (byte)33), (request.IcmpType, request.TimeToLive));
        HearIcmp(IcmpType.EchoReply, 0, 0x00050006, [9, 9]);
        Wakeup reply = Assert.Single(_bench.Wakeups());
        Assert.Equal(WakeupKind.EchoReply, reply.Kind);
        Assert.Equal(new EchoAnswer(Packets.Peer, 5, 6, 2, 64, _bench.Now), reply.Echo);
        HearIcmp(IcmpType.TimeExceeded, 0, 0, request.Bytes[14..42], Packets.Router);
        Wakeup error = Assert.Single(_bench.Wakeups());
        Assert.Equal((WakeupKind.EchoUnreachable, Packets.Router), (error.Kind, error.Echo.From));
        Assert.Equal((5, 6), (error.Echo.Identifier, error.Echo.Sequence));
    }

    [Fact]
    public void A_ping_that_cannot_leave_says_why()
    {
        Assert.Equal(CallResult.TooLong, _bench.Core.Ping(Packets.Peer, 1, 1, new byte[1473], 64, _bench.Now));
        CallResult toAll = _bench.Core.Ping(HostAddress.BroadcastV4, 1, 1, [], 64, _bench.Now);
        Assert.Equal(CallResult.InvalidDestination, toAll);
        Assert.Equal(CallResult.Done, _bench.Core.Ping(Packets.Address("192.0.2.77"), 1, 2, [], 64, _bench.Now));
        Assert.True(Assert.Single(_bench.Pull()).IsArp);
        for (int second = 0; second < 5; second++)
        {
            _bench.Advance(1);
            _bench.Pull();
        }

        Wakeup wakeup = Assert.Single(_bench.Wakeups());
        Assert.Equal((WakeupKind.EchoUnreachable, (ushort)2), (wakeup.Kind, wakeup.Echo.Sequence));
    }

    [Fact]
    public void A_ping_to_ourselves_is_answered_within()
    {
        Assert.Equal(CallResult.Done, _bench.Core.Ping(Packets.Own, 1, 1, [1], 64, _bench.Now));
        Assert.Empty(_bench.Pull());
        Assert.Equal(WakeupKind.EchoReply, Assert.Single(_bench.Wakeups()).Kind);
    }

    [Theory]
    [InlineData(17, 3)]
    [InlineData(132, 2)]
    public void A_datagram_that_nobody_takes_is_answered_unreachable(byte protocol, byte code)
    {
        byte[] packet = Packets.Ipv4(Packets.Peer, Packets.Own, [1, 2, 3, 4, 5, 6, 7, 8], protocol);
        _bench.HearPacket(packet);
        SentFrame error = Assert.Single(_bench.Pull());
        Assert.Equal((IcmpType.DestinationUnreachable, code), (error.IcmpType, error.IcmpCode));
        Assert.Equal(packet, error.IpPayload[8..]);
        using var limited = new StackBench(c => c with { StrangerRepliesPerSecond = 40 });
        for (int i = 0; i < 100; i++)
        {
            limited.HearPacket(packet);
        }

        Assert.InRange(limited.Pull().Count, 20, 59);
    }

    [Theory, Rfc("9293 §3.9.2.2", "SHLD-26")]
    [InlineData(3)]
    [InlineData(2)]
    public void A_hard_error_that_quotes_our_SYN_refuses_the_connection(byte code)
    {
        StackConnection connection = _bench.Connect();
        SentFrame syn = Assert.Single(_bench.Pull());
        HearIcmp(IcmpType.DestinationUnreachable, code, 0, Quote(syn));
        Assert.Equal(UserTcpCloseReason.Refused, connection.Tcb.CloseReason);
        _bench.Pull();
        Assert.True(connection.IsForgotten);
        Assert.Equal(1, _bench.Core.Counters.FailedConnectionAttempts);
    }

    [Fact, Rfc("9293 §3.9.2.2", "MUST-54")]
    public void An_error_about_an_established_connection_or_a_forged_one_ends_nothing()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 100);
        SentFrame data = Assert.Single(_bench.Pull());
        HearIcmp(IcmpType.DestinationUnreachable, 3, 0, Quote(data));
        Assert.Equal(TcpState.Established, connection.Tcb.State);

        byte[] forged = Quote(data);
        BinaryPrimitives.WriteUInt32BigEndian(forged.AsSpan(24), data.Seq + 5_000);
        HearIcmp(IcmpType.DestinationUnreachable, 3, 0, forged);
        Assert.Equal(1, _bench.Drops(PacketDropReason.UnsolicitedIcmp));
    }

    [Fact]
    [Rfc("7323 §5.7", "R7323-17")]
    public void Fragmentation_needed_makes_segments_smaller_on_this_path_and_for_later_connections()
    {
        StackConnection connection = _bench.Established(mss: 1460);
        _bench.Write(connection, 3000);
        SentFrame data = _bench.Pull()[0];
        Assert.Equal(1460, data.Offload.SegmentSize);
        HearIcmp(IcmpType.DestinationUnreachable, 4, 1000, Quote(data), Packets.Router);
        Assert.Equal(1000, connection.Tcb.Describe(_bench.Now).PathMtu);
        _bench.Advance(1.5);
        List<SentFrame> again = [.. _bench.Pull().Where(f => !f.IsArp)];
        Assert.NotEmpty(again);
        Assert.All(again, f => Assert.InRange(SegmentBytes(f), 1, 960));
        Assert.Equal(1000, _bench.Connect(localPort: 4001).Tcb.Describe(_bench.Now).PathMtu);

        // Ten minutes later the path is tried again.
        _bench.Advance(601);
        Assert.Equal(1500, connection.Tcb.Describe(_bench.Now).PathMtu);
    }

    [Fact]
    [Rfc("8899 §3", "R8899-4")]
    public void Forged_fragmentation_needed_changes_nothing()
    {
        StackConnection connection = _bench.Established();
        _bench.Write(connection, 100);
        SentFrame data = Assert.Single(_bench.Pull());
        byte[] forged = Quote(data);
        BinaryPrimitives.WriteUInt32BigEndian(forged.AsSpan(24), data.Seq - 1);
        HearIcmp(IcmpType.DestinationUnreachable, 4, 1000, forged);
        Assert.Equal(1500, connection.Tcb.Describe(_bench.Now).PathMtu);
        HearIcmp(IcmpType.DestinationUnreachable, 4, 68, Quote(data));
        Assert.Equal(552, connection.Tcb.Describe(_bench.Now).PathMtu);
    }
}
