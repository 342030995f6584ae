using UserTcp.Diagnostics;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Tests.Support;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Listeners that answer SYNs without remembering them (RFC 4987 §3.6).</summary>
public sealed class SynCookieStackTests : IDisposable
{
    private readonly StackBench _bench = new();

    public void Dispose() => _bench.Dispose();

    private StackListener Listen(UserTcpSynCookieMode mode, int synBacklog = 2, int backlog = 8) =>
        _bench.Listen(backlog: backlog, synBacklog: synBacklog, cookies: mode);

    private SentFrame Syn(ushort from, uint seq = 1000)
    {
        _bench.Hear(TcpFlags.Syn, seq, from: from);
        return Assert.Single(_bench.Pull());
    }

    [Fact, Rfc("4987 §3.6", "R4987-4")]
    public void A_full_queue_of_half_open_connections_keeps_nobody_out()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.WhenNeeded);
        Syn(6001);
        Syn(6002);
        Assert.Equal((2, 0), (listener.HalfOpen, listener.SynCookiesSent));
        SentFrame synAck = Syn(6003);
        Assert.Equal(TcpFlags.Syn | TcpFlags.Ack, synAck.Flags);
        Assert.Equal((2, 1), (listener.HalfOpen, listener.SynCookiesSent));
        Assert.Equal(0, listener.Overflows);

        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 1, from: 6003);
        Assert.Empty(_bench.Pull());
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        Assert.Equal(TcpState.Established, connection!.Tcb.State);
        Assert.Equal((2, 1, 0), (listener.HalfOpen, listener.SynCookiesAccepted, listener.SynCookiesFailed));
        _bench.Write(connection, 10);
        SentFrame text = Assert.Single(_bench.Pull());
        Assert.Equal((synAck.Seq + 1, 1001u, 10), (text.Seq, text.Ack, text.Text.Length));
    }

    [Fact]
    public void Without_them_the_SYN_is_dropped()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.Never, synBacklog: 1);
        Syn(6001);
        _bench.Hear(TcpFlags.Syn, 1000, from: 6002);
        Assert.Empty(_bench.Pull());
        Assert.Equal((1, 0), (listener.Overflows, listener.SynCookiesSent));
    }

    [Fact]
    public void The_limit_of_the_whole_stack_calls_for_them_too()
    {
        using var bench = new StackBench(c => c with { MaxHalfOpen = 1 });
        StackListener listener = bench.Listen(cookies: UserTcpSynCookieMode.WhenNeeded);
        bench.Hear(TcpFlags.Syn, 1000, from: 6001);
        bench.Hear(TcpFlags.Syn, 1000, from: 6002);
        Assert.Equal(2, bench.Pull().Count);
        Assert.Equal((1, 1), (listener.HalfOpen, listener.SynCookiesSent));
    }

    [Fact]
    public void Text_completes_the_handshake_when_the_final_ACK_was_lost()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.Always);
        SentFrame synAck = Syn(6001);
        Assert.Equal(0, listener.HalfOpen);
        _bench.Hear(TcpFlags.Ack | TcpFlags.Psh, 1001, synAck.Seq + 1, [1, 2, 3], from: 6001);
        Assert.True(_bench.Core.TryAccept(listener, out StackConnection? connection));
        Assert.Equal(3, connection!.Receive.Unconsumed);
        Assert.Equal(1004u, Assert.Single(_bench.Pull()).Ack);
    }

    [Fact]
    public void A_repeated_SYN_gets_the_same_answer_and_both_ACKs_make_one_connection()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.Always);
        uint iss = Syn(6001).Seq;
        Assert.Equal(iss, Syn(6001).Seq);
        _bench.Hear(TcpFlags.Ack, 1001, iss + 1, from: 6001);
        _bench.Hear(TcpFlags.Ack, 1001, iss + 1, from: 6001);
        Assert.Equal((1, 1), (listener.PendingAccepts, _bench.Core.ConnectionCount));
    }

    [Fact]
    public void A_cookie_is_good_beside_the_half_open_connection_of_a_later_SYN()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.WhenNeeded, synBacklog: 1);
        Syn(6001);
        SentFrame cookie = Syn(6002);
        _bench.Hear(TcpFlags.Rst, 1001, from: 6001); // there is room again
        SentFrame second = Syn(6002);
        Assert.NotEqual(cookie.Seq, second.Seq);
        Assert.Equal(1, listener.HalfOpen);
        _bench.Hear(TcpFlags.Ack, 1001, cookie.Seq + 1, from: 6002);
        Assert.Equal((0, 1, 1), (listener.HalfOpen, listener.PendingAccepts, listener.SynCookiesAccepted));
        Assert.Equal(0, _bench.Core.Counters.ResetsSent);
    }

    [Fact]
    public void A_forged_or_outdated_cookie_is_reset_and_counted()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.Always);
        SentFrame synAck = Syn(6001);
        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 2, from: 6001);
        SentFrame reset = Assert.Single(_bench.Pull());
        Assert.Equal((TcpFlags.Rst, synAck.Seq + 2), (reset.Flags, reset.Seq));
        Assert.Equal((0, 1), (listener.PendingAccepts, listener.SynCookiesFailed));

        Syn(6002);
        _bench.Advance(129);
        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 1, from: 6001);
        Assert.Equal(TcpFlags.Rst, Assert.Single(_bench.Pull(), frame => !frame.IsArp).Flags);
        Assert.Equal(0, listener.PendingAccepts);
        Assert.Equal(1, listener.SynCookiesFailed); // nobody even looked: none was sent for so long
    }

    [Fact]
    public void Resets_for_forged_cookies_are_limited_like_all_others()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.Always);
        Syn(6001);
        int resets = 0;
        for (uint i = 0; i < 4000; i++)
        {
            _bench.Hear(TcpFlags.Ack, 1001, i, from: 7000);
            resets += _bench.Pull().Count;
        }

        Assert.Equal(4000, listener.SynCookiesFailed);
        Assert.InRange(resets, 1000, 2999);
    }

    [Fact]
    public void With_a_full_accept_queue_no_cookie_is_sent_and_none_is_taken()
    {
        StackListener listener = Listen(UserTcpSynCookieMode.Always, backlog: 1);
        SentFrame first = Syn(6001), second = Syn(6002);
        _bench.Hear(TcpFlags.Ack, 1001, first.Seq + 1, from: 6001);
        _bench.Hear(TcpFlags.Ack, 1001, second.Seq + 1, from: 6002);
        Assert.Empty(_bench.Pull()); // ignored, not reset: the peer's text will ask again
        Assert.Equal((1, 1), (listener.PendingAccepts, listener.Overflows));
        _bench.Hear(TcpFlags.Syn, 1000, from: 6003);
        Assert.Empty(_bench.Pull());
        Assert.Equal(2, listener.Overflows);

        Assert.True(_bench.Core.TryAccept(listener, out _));
        _bench.Hear(TcpFlags.Ack, 1001, second.Seq + 1, [9], from: 6002);
        Assert.Equal(1, listener.PendingAccepts);
    }

    [Fact]
    public void A_listener_for_any_address_has_none()
    {
        StackListener listener = _bench.Listen(mode: ListenMode.AnyAddress, cookies: UserTcpSynCookieMode.Always);
        _bench.Hear(TcpFlags.Syn, 1000, destination: Packets.Far);
        Assert.Empty(_bench.Pull());
        Assert.Equal((1, 0), (listener.HalfOpen, listener.SynCookiesSent));
    }

    [Fact]
    public void Options_of_a_whole_connection_survive_and_no_round_trip_is_made_up()
    {
        using var network = new TestNetwork { Delay = TimeSpan.FromMilliseconds(30) };
        TestHost client = network.Add(1), server = network.Add(2);
        TransferApp? accepted = null;
        StackListener listener = server.Listen(
            80, () => accepted = new TransferApp(500_000, 2, 1), cookies: UserTcpSynCookieMode.Always);
        TcpConfig settings = TestNetwork.Settings with { Ecn = UserTcpEcnMode.Active };
        TransferApp app = client.Connect(new TransferApp(0, 1, 2), server, 80, settings);
        network.RunUntil(() => accepted is not null);
        TcbReport report = accepted!.Connection!.Tcb.Describe(network.Now);
        Assert.True(report.HasSack && report.HasTimestamps && report.HasEcn && report.SendScale > 0);
        Assert.Equal(1448, report.SendSegmentSize);
        Assert.Equal(14480, report.CongestionWindow);
        Assert.Equal(TimeSpan.Zero, report.Rtt.Smoothed);
        network.RunUntil(() => app.IsDone && accepted.IsDone);
        Assert.Equal(500_000, app.BytesRead);
        Assert.InRange(accepted.Connection.Tcb.Describe(network.Now).Rtt.Minimum.TotalMilliseconds, 59, 70);
        Assert.Equal((1, 1), (listener.SynCookiesSent, listener.SynCookiesAccepted));
    }

    [Fact, Rfc("4987 §3.6", "R4987-4")]
    public void A_flood_of_a_hundred_thousand_SYNs_does_not_keep_a_client_out()
    {
        const int Flood = 100_000, Slice = 500;
        using var network = new TestNetwork();
        HostAddress router = network.Add(3).Address;
        TestHost client = network.Add(1), server = network.Add(2, change: c => c with { Gateway = router });
        TransferApp? accepted = null;
        StackListener listener = server.Listen(
            80, () => accepted = new TransferApp(1_000_000, 2, 1), cookies: UserTcpSynCookieMode.WhenNeeded);
        TransferApp? app = null;
        for (int sent = 0; sent < Flood; sent += Slice)
        {
            for (int i = sent; i < sent + Slice; i++)
            {
                server.Receive(FloodFrame(server, i), default);
            }

            network.RunFor(0.005);
            if (sent == 10 * Slice)
                app = client.Connect(new TransferApp(1_000_000, 1, 2), server, 80);
        }

        Assert.True(app!.IsDone && accepted!.IsDone, "the transfer ends while the flood goes on");
        Assert.Equal((1_000_000, 1_000_000), (app.BytesRead, accepted.BytesRead));
        Assert.Equal((1, 1, 0), (listener.Accepted, listener.SynCookiesAccepted, listener.SynCookiesFailed));
        Assert.InRange(listener.SynCookiesSent, Flood - 2 * listener.SynBacklog, Flood);
        Assert.InRange(server.Core.HalfOpenCount, 1, listener.SynBacklog);
        Assert.Equal(0, listener.Overflows);
    }

    [Fact]
    public void Answering_with_a_cookie_allocates_nothing()
    {
        Listen(UserTcpSynCookieMode.Always);
        byte[] syn = Packets.Frame(
            Packets.OwnMac, Packets.PeerMac, 0x0800,
            Packets.Ipv4(Packets.Peer, Packets.Own, StackBench.Segment(TcpFlags.Syn, 1000)));
        var batch = new RxBatch(1);
        Assert.True(batch.Add(syn, default));
        var frames = new TxFrame[FrameSlots.Count];
        Allocation.IsNone(() =>
        {
            _bench.Core.OnFrame(batch[0], _bench.Now);
            _bench.Core.FramesAccepted(_bench.Core.PullFrames(frames, _bench.Now));
        });
        batch.Dispose();
    }

    // From so many addresses behind the router that no port comes twice from one.
    private static byte[] FloodFrame(TestHost server, int i)
    {
        HostAddress source = HostAddress.FromV4(0xC6336400 + (uint)(i % 200));
        byte[] segment = StackBench.Segment(
            TcpFlags.Syn, (uint)i, from: (ushort)(1024 + i / 200), source: source, destination: server.Address);
        return Packets.Frame(
            server.Core.Config.MacAddress, Packets.OtherMac, 0x0800,
            Packets.Ipv4(source, server.Address, segment));
    }
}
