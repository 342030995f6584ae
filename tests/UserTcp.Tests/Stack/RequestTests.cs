using UserTcp.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>A listener on any address whatever: each SYN is a question to its owner.</summary>
public sealed class RequestTests : IDisposable
{
    private readonly StackBench _bench = new();
    private readonly StackListener _listener;

    public RequestTests() => _listener = _bench.Listen(0, ListenMode.AnyAddress);

    public void Dispose() => _bench.Dispose();

    private StackRequest Ask(ushort port = 443, HostAddress? destination = null, uint seq = 1000)
    {
        _bench.Hear(TcpFlags.Syn, seq, to: port, destination: destination ?? Packets.Far);
        Assert.Empty(_bench.Pull());
        Wakeup wakeup = Assert.Single(_bench.Wakeups());
        Assert.Equal(WakeupKind.Request, wakeup.Kind);
        Assert.Equal(RequestState.Pending, wakeup.Request.State);
        return wakeup.Request;
    }

    [Fact]
    public void A_SYN_to_any_address_and_port_is_not_answered_until_its_owner_decides()
    {
        StackRequest request = Ask();
        Assert.Equal(new FlowKey(Packets.Far, 443, Packets.Peer, StackBench.PeerPort), request.Flow);
        Assert.Same(_listener, request.Listener);
        Assert.Equal(1, _listener.HalfOpen);
        _bench.Advance(10);
        Assert.DoesNotContain(_bench.Pull(), f => !f.IsArp);
    }

    [Fact]
    public void A_request_is_decided_once()
    {
        StackRequest request = Ask();
        Assert.True(_bench.Core.AcceptRequest(request, new TcpConfig(), _bench.Now));
        Assert.Equal(RequestState.Accepted, request.State);
        Assert.False(_bench.Core.AcceptRequest(request, new TcpConfig(), _bench.Now));
        Assert.False(_bench.Core.RejectRequest(request, RejectReason.Refused, _bench.Now));
        Assert.Single(_bench.Pull());
    }

    [Fact]
    public void Packets_to_other_addresses_are_taken_until_the_last_connection_there_ends()
    {
        StackRequest request = Ask();
        Assert.True(_bench.Core.AcceptRequest(request, new TcpConfig(), _bench.Now));
        SentFrame synAck = Assert.Single(_bench.Pull());
        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 1, to: 443, destination: Packets.Far);
        _bench.Core.CloseListener(_listener, _bench.Now);
        Assert.Equal(0, _bench.Drops(PacketDropReason.NotForUs));
        _bench.Hear(TcpFlags.Rst, 1001, to: 443, destination: Packets.Far);
        Assert.Equal(TcpState.Closed, request.Connection!.Tcb.State);
        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 1, to: 443, destination: Packets.Far);
        Assert.Equal(1, _bench.Drops(PacketDropReason.NotForUs));
        Assert.Empty(_bench.Pull());
    }

    [Fact]
    public void An_accepted_request_answers_from_the_dialled_address_and_becomes_a_connection()
    {
        StackRequest request = Ask();
        Assert.True(_bench.Core.AcceptRequest(request, new TcpConfig(), _bench.Now));
        SentFrame synAck = Assert.Single(_bench.Pull());
        Assert.Equal((TcpFlags.Syn | TcpFlags.Ack, 1001u), (synAck.Flags, synAck.Ack));
        Assert.Equal(Packets.Far, synAck.Source);
        _bench.Hear(TcpFlags.Ack, 1001, synAck.Seq + 1, [7], to: 443, destination: Packets.Far);
        Assert.Same(request, Assert.Single(_bench.Wakeups()).Request);
        Assert.Equal(RequestState.Established, request.State);
        Assert.Equal(1, request.Connection!.Receive.Unconsumed);
        Assert.Equal(0, _listener.PendingAccepts);
        Assert.False(_bench.Core.AcceptRequest(request, new TcpConfig(), _bench.Now));
        Assert.False(_bench.Core.RejectRequest(request, RejectReason.Refused, _bench.Now));

        // It goes on when the listener is gone, though the address is not ours.
        _bench.Core.CloseListener(_listener, _bench.Now);
        _bench.Hear(TcpFlags.Ack, 1002, synAck.Seq + 1, [8], to: 443, destination: Packets.Far);
        Assert.Equal(2, request.Connection.Receive.Unconsumed);
    }

    [Fact]
    public void A_repeated_SYN_is_the_same_request()
    {
        StackRequest request = Ask();
        _bench.Hear(TcpFlags.Syn, 1000, to: 443, destination: Packets.Far);
        _bench.Hear(TcpFlags.Syn, 1000, to: 443, destination: Packets.Far);
        Assert.Empty(_bench.Wakeups());
        Assert.Equal(1, _listener.HalfOpen);
        Assert.Equal(RequestState.Pending, request.State);
    }

    [Fact]
    public void A_reset_cancels_the_request()
    {
        StackRequest request = Ask();
        _bench.Hear(TcpFlags.Rst, 5, to: 443, destination: Packets.Far);
        Assert.Empty(_bench.Wakeups());
        _bench.Hear(TcpFlags.Rst, 1001, to: 443, destination: Packets.Far);
        Assert.Same(request, Assert.Single(_bench.Wakeups()).Request);
        Assert.Equal(RequestState.Cancelled, request.State);
        Assert.False(_bench.Core.AcceptRequest(request, new TcpConfig(), _bench.Now));
        Assert.Equal(0, _listener.HalfOpen);
    }

    [Fact]
    public void A_request_that_nobody_decides_is_cancelled_three_minutes_after_the_last_SYN()
    {
        StackRequest request = Ask();
        _bench.Advance(100);
        _bench.Hear(TcpFlags.Syn, 1000, to: 443, destination: Packets.Far);
        _bench.Advance(179);
        Assert.Equal(RequestState.Pending, request.State);
        _bench.Advance(2);
        Assert.Equal(RequestState.Cancelled, request.State);
    }

    [Fact]
    public void Refused_is_a_reset_from_the_dialled_address()
    {
        StackRequest request = Ask();
        Assert.True(_bench.Core.RejectRequest(request, RejectReason.Refused, _bench.Now));
        SentFrame reset = Assert.Single(_bench.Pull());
        Assert.Equal((TcpFlags.Rst | TcpFlags.Ack, 0u, 1001u), (reset.Flags, reset.Seq, reset.Ack));
        Assert.Equal(Packets.Far, reset.Source);
        Assert.Equal(RequestState.Rejected, request.State);
        Assert.Empty(_bench.Wakeups());
    }

    [Theory]
    [InlineData((int)RejectReason.HostUnreachable, 1)]
    [InlineData((int)RejectReason.NetworkUnreachable, 0)]
    [InlineData((int)RejectReason.PortUnreachable, 3)]
    [InlineData((int)RejectReason.Prohibited, 13)]
    public void Unreachable_is_an_ICMP_error_from_ourselves_that_quotes_the_SYN(int reason, byte code)
    {
        StackRequest request = Ask();
        Assert.True(_bench.Core.RejectRequest(request, (RejectReason)reason, _bench.Now));
        SentFrame error = Assert.Single(_bench.Pull());
        Assert.Equal(IpProtocol.Icmp, error.Protocol);
        Assert.Equal((IcmpType.DestinationUnreachable, code), (error.IcmpType, error.IcmpCode));
        Assert.Equal((Packets.Own, Packets.Peer), (error.Source, error.Destination));
        Assert.True(Ipv4Header.TryParseQuote(error.IpPayload.AsSpan(8), out Ipv4Header quote));
        Assert.Equal((Packets.Peer, Packets.Far), (quote.Source, quote.Destination));
        Assert.Equal([0, 0, 0x03, 0xe8], quote.Payload[4..8].ToArray());
    }

    [Fact]
    public void Ignored_is_silence_and_the_next_SYN_is_a_new_request()
    {
        StackRequest request = Ask();
        Assert.True(_bench.Core.RejectRequest(request, RejectReason.Ignore, _bench.Now));
        Assert.Empty(_bench.Pull());
        Assert.NotSame(request, Ask());
    }

    [Fact]
    public void Requests_are_bounded_like_half_open_connections()
    {
        using var bench = new StackBench();
        StackListener listener = bench.Listen(0, ListenMode.AnyAddress, synBacklog: 5);
        for (ushort port = 6000; port < 6020; port++)
        {
            bench.Hear(TcpFlags.Syn, 1, from: port, destination: Packets.Far);
        }

        Assert.Equal(5, listener.HalfOpen);
        Assert.Equal(5, bench.Wakeups().Count);
    }

    [Fact]
    public void Closing_the_listener_cancels_and_resets_its_requests()
    {
        StackRequest pending = Ask(443);
        StackRequest accepted = Ask(444);
        _bench.Core.AcceptRequest(accepted, new TcpConfig(), _bench.Now);
        _bench.Pull();
        _bench.Core.CloseListener(_listener, _bench.Now);
        Assert.Equal(RequestState.Cancelled, pending.State);
        Assert.Equal(RequestState.Cancelled, accepted.State);
        Assert.Equal([443, 444], _bench.Pull().Select(f => (int)f.SourcePort).Order());
    }

    [Fact]
    public void An_own_listener_goes_before_the_one_on_any_address()
    {
        StackListener own = _bench.Listen(80);
        _bench.Handshake();
        Assert.Equal(1, own.PendingAccepts);
        Assert.Same(own, Assert.Single(_bench.Wakeups()).Listener);
        Assert.Equal(0, _listener.HalfOpen);
        Assert.Equal(Packets.Own, Ask(81, Packets.Own).Flow.Local);
    }
}
