using UserTcp.Primitives;
using UserTcp.Stack;
using UserTcp.Tcp;
using UserTcp.Tests.Ip;
using UserTcp.Wire;

namespace UserTcp.Tests.Stack;

/// <summary>Where a flow stands when a batch arrives.</summary>
public enum Standing
{
    NoListener,
    Listen,
    HalfOpen,
    CookieSent,
    RequestPending,
    RequestAccepted,
    RequestEstablished,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
    TimeWaitWithListener,
    Orphan,
}

/// <summary>What happens to the flow: a segment of the peer, an ICMP error about it, or a call of its owner.</summary>
public enum Happening
{
    SynAgain,
    SynBeyond,
    SynBefore,
    SynAck,
    SynAckOfAnother,
    Ack,
    AckOfTheFuture,
    Data,
    DataBehindData,
    OldData,
    Fin,
    DataWithFin,
    FinBehindData,
    ResetAtNext,
    ResetInWindow,
    ResetOutside,
    PortUnreachable,
    Abort,

    /// <summary>A new connection from the same port, as the last thing: its SYN leaves with the next pull.</summary>
    Reconnect,
}

/// <summary>
/// One stack with one flow in a known state, and what can happen to that flow. Numbers are those of the state that the
/// scene begins with: the peer of a batch has seen no answer to any of it.
/// </summary>
internal sealed class BatchScene : IDisposable
{
    private const uint PeerInitial = 1_000_000;
    private const uint Distance = 100_000;
    private const ushort OwnPort = 4000;
    private const int TextBytes = 10;

    private readonly StackBench _bench = new(c => c with { DetectConflicts = false });
    private readonly List<StackConnection> _connections = [];
    private readonly List<SentFrame> _sent = [];
    private readonly List<CallResult> _results = [];
    private ushort _local = StackBench.Port;
    private HostAddress _ownAddress = Packets.Own;
    private StackListener? _listener;
    private StackRequest? _request;
    private StackConnection? _connection;
    private uint _peerNext = PeerInitial + 1;
    private uint _ownNext = 1;

    public BatchScene(Standing standing)
    {
        Reach(standing);
        _bench.Pull();
    }

    public IReadOnlyList<SentFrame> Sent => _sent;

    /// <summary>Whether the peer itself ended the connection, and so waits for no answer to what came before.</summary>
    public bool PeerHasReset => _connections.Exists(one =>
        one.Tcb.CloseReason is UserTcpCloseReason.ResetByPeer or UserTcpCloseReason.Refused);

    public void Happen(Happening what)
    {
        if (what == Happening.Reconnect)
            _results.Add(_bench.TryConnect(out _, Packets.Peer, StackBench.PeerPort, _local, Packets.Own));
        else if (what == Happening.Abort)
            Abort();
        else if (what == Happening.PortUnreachable)
            HearError();
        else
            Hear(what);
        FollowNew();
    }

    /// <summary>The stack sends what it has to send.</summary>
    public void Pull() => _sent.AddRange(_bench.Pull().Where(frame => !frame.IsArp));

    /// <summary>Delayed ACKs leave; no other timer of these scenes is as short.</summary>
    public void Rest()
    {
        _bench.Advance(0.1);
        Pull();
    }

    /// <summary>
    /// The state at the end: the tables, the connections, and the answers to segments that every state answers in its
    /// own way and with its own numbers.
    /// </summary>
    public string Outcome()
    {
        Shard core = _bench.Core;
        var parts = new List<string>
        {
            $"{core.ConnectionCount} connections, {core.HalfOpenCount} half-open, {core.TimeWaitCount} in TIME-WAIT,"
            + $" {core.OrphanCount} orphans, {_listener?.PendingAccepts} to accept, request {_request?.State},"
            + $" {core.Counters.ConnectionsAccepted} accepted, {core.Counters.FailedConnectionAttempts} failed,"
            + $" {core.Counters.ResetConnections} reset, calls {string.Join(", ", _results)}",
        };
        foreach (StackConnection connection in _connections)
        {
            Tcb tcb = connection.Tcb;
            TimeWaitState numbers = tcb.DescribeTimeWait();
            bool isOpen = !connection.IsForgotten;
            parts.Add(
                $"{tcb.State} {tcb.CloseReason}, told {connection.UnreportedEffects}, "
                + $"{connection.Receive.ContiguousEnd} octets"
                + (isOpen ? $", next {numbers.SendNext} {numbers.ReceiveNext}" : ""));
        }

        parts.Add(Probe(TcpFlags.Ack, _peerNext + 5000, _ownNext, text: 1));
        parts.Add(Probe(TcpFlags.Syn, _peerNext + 2 * Distance, 0, text: 0));
        return string.Join("\n  ", parts);
    }

    public void Dispose() => _bench.Dispose();

    private string Probe(TcpFlags flags, uint seq, uint ack, int text)
    {
        Hear(flags, seq, ack, text);
        return string.Join(", ", _bench.Pull().Where(f => !f.IsArp).Select(f => $"{f.Flags} {f.Seq} {f.Ack}"));
    }

    private void Reach(Standing standing)
    {
        switch (standing)
        {
            case Standing.NoListener:
                break;
            case Standing.Listen or Standing.HalfOpen or Standing.CookieSent:
                BeginPassive(standing);
                break;
            case Standing.RequestPending or Standing.RequestAccepted or Standing.RequestEstablished:
                BeginRequest(standing);
                break;
            case Standing.SynSent or Standing.SynReceived:
                BeginActive(standing);
                break;
            default:
                BeginConnection(standing);
                break;
        }
    }

    private void BeginPassive(Standing standing)
    {
        _listener = _bench.Listen(cookies: standing == Standing.CookieSent
            ? UserTcpSynCookieMode.Always
            : UserTcpSynCookieMode.Never);
        if (standing == Standing.Listen)
            return;
        Hear(TcpFlags.Syn, PeerInitial, 0, 0);
        _ownNext = Assert.Single(_bench.Pull()).Seq + 1;
    }

    private void BeginRequest(Standing standing)
    {
        _listener = _bench.Listen(0, ListenMode.AnyAddress);
        _ownAddress = Packets.Far;
        Hear(TcpFlags.Syn, PeerInitial, 0, 0);
        _request = Assert.Single(_bench.Wakeups()).Request;
        if (standing == Standing.RequestPending)
            return;
        Assert.True(_bench.Core.AcceptRequest(_request, new TcpConfig { Timestamps = false }, _bench.Now));
        _ownNext = Assert.Single(_bench.Pull()).Seq + 1;
        if (standing == Standing.RequestEstablished)
            Hear(TcpFlags.Ack, _peerNext, _ownNext, 0);
        FollowNew();
    }

    private void BeginActive(Standing standing)
    {
        _local = OwnPort;
        Follow(_bench.Connect(port: StackBench.PeerPort, localPort: OwnPort));
        _ownNext = Assert.Single(_bench.Pull()).Seq + 1;
        if (standing == Standing.SynReceived)
            Hear(TcpFlags.Syn, PeerInitial, 0, 0);
    }

    private void BeginConnection(Standing standing)
    {
        BeginActive(Standing.SynSent);
        Hear(TcpFlags.Syn | TcpFlags.Ack, PeerInitial, _ownNext, 0);
        _bench.Pull();
        if (standing is Standing.CloseWait or Standing.LastAck)
            PeerEnds();
        if (standing is not (Standing.Established or Standing.CloseWait))
            End(isDetached: standing == Standing.Orphan);
        if (standing is Standing.FinWait2 or Standing.TimeWait or Standing.TimeWaitWithListener or Standing.Orphan)
            Hear(TcpFlags.Ack, _peerNext, _ownNext, 0);
        if (standing is Standing.TimeWait or Standing.TimeWaitWithListener)
            PeerEnds();
        if (standing == Standing.Closing)
        {
            Hear(TcpFlags.Ack | TcpFlags.Fin, _peerNext++, _ownNext - 1, 0);
            _bench.Pull();
        }

        if (standing is Standing.TimeWaitWithListener or Standing.LastAck or Standing.Established)
            _listener = _bench.Listen(OwnPort);
    }

    private void Abort()
    {
        if (_connection is not null)
            _bench.Core.OnUserCall(_connection, UserCall.Abort, _bench.Now);
    }

    private void PeerEnds()
    {
        Hear(TcpFlags.Ack | TcpFlags.Fin, _peerNext++, _ownNext, 0);
        _bench.Pull();
    }

    private void End(bool isDetached)
    {
        _bench.Core.OnUserCall(_connection!, isDetached ? UserCall.Detach : UserCall.Close, _bench.Now);
        Assert.True(Assert.Single(_bench.Pull()).Flags.HasFlag(TcpFlags.Fin));
        _ownNext++;
    }

    private void Follow(StackConnection connection)
    {
        _connection = connection;
        _connections.Add(connection);
    }

    /// <summary>The flow may have become a connection.</summary>
    private void FollowNew()
    {
        var all = new List<StackConnection>();
        _bench.Core.CopyConnectionsTo(all);
        foreach (StackConnection connection in all)
        {
            if (!_connections.Contains(connection))
                Follow(connection);
        }
    }

    private void Hear(Happening what)
    {
        const TcpFlags ack = TcpFlags.Ack;
        uint next = _peerNext;
        (TcpFlags Flags, uint Seq, uint Ack, int Text) segment = what switch
        {
            Happening.SynAgain => (TcpFlags.Syn, PeerInitial, 0, 0),
            Happening.SynBeyond => (TcpFlags.Syn, next + Distance, 0, 0),
            Happening.SynBefore => (TcpFlags.Syn, next - Distance, 0, 0),
            Happening.SynAck => (TcpFlags.Syn | ack, PeerInitial, _ownNext, 0),
            Happening.SynAckOfAnother => (TcpFlags.Syn | ack, PeerInitial, _ownNext + 7, 0),
            Happening.Ack => (ack, next, _ownNext, 0),
            Happening.AckOfTheFuture => (ack, next, _ownNext + 1000, 0),
            Happening.Data => (ack, next, _ownNext, TextBytes),
            Happening.DataBehindData => (ack, next + TextBytes, _ownNext, TextBytes),
            Happening.OldData => (ack, next - 1, _ownNext, 1),
            Happening.Fin => (ack | TcpFlags.Fin, next, _ownNext, 0),
            Happening.DataWithFin => (ack | TcpFlags.Fin, next, _ownNext, TextBytes),
            Happening.FinBehindData => (ack | TcpFlags.Fin, next + TextBytes, _ownNext, 0),
            Happening.ResetAtNext => (TcpFlags.Rst | ack, next, _ownNext, 0),
            Happening.ResetInWindow => (TcpFlags.Rst, next + 100, 0, 0),
            _ => (TcpFlags.Rst, next - Distance, 0, 0),
        };
        Hear(segment.Flags, segment.Seq, segment.Ack, segment.Text);
    }

    private void Hear(TcpFlags flags, uint seq, uint ack, int text) => _bench.Hear(
        flags, seq, ack, new byte[text], StackBench.PeerPort, _local, Packets.Peer, _ownAddress);

    /// <summary>About the last octet that the peer has not acknowledged yet, if there is one.</summary>
    private void HearError()
    {
        byte[] quoted = Packets.Ipv4(
            _ownAddress, Packets.Peer,
            StackBench.Segment(TcpFlags.Ack, _ownNext - 1, 0, null, _local, StackBench.PeerPort));
        byte[] message = StackBench.Icmp(IcmpType.DestinationUnreachable, 3, 0, quoted[..28]);
        _bench.HearPacket(Packets.Ipv4(Packets.Peer, _ownAddress, message, protocol: 1));
    }
}
