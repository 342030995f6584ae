using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>Listeners and their requests.</content>
internal sealed partial class StackCore
{
    private readonly List<HalfOpenEntry> _halfOpenScratch = [];

    public CallResult Listen(in ListenCall call, out StackListener? listener)
    {
        listener = null;
        if (_isStopped)
            return CallResult.Stopped;
        if (call.Mode == ListenMode.OneAddress && !_routes.IsLocal(call.Address))
            return CallResult.NotOurAddress;

        ushort port = call.Port;
        if (port == 0 && call.Mode != ListenMode.AnyAddress)
        {
            HostAddress local = call.Mode == ListenMode.OneAddress ? call.Address : _routes.Addresses[0].Address;
            var anywhere = new FlowKey(local, 0, HostAddress.AnyV4, 0);
            if (!_ports.TryPick(anywhere, mayReuse: false, new ListenUse(_listeners, local), out port))
                return CallResult.NoPortLeft;
        }

        var made = new StackListener(ListenTable.KeyFor(call, port), call) { Config = Complete(call.Config) };
        if (!_listeners.TryAdd(made))
            return CallResult.AddressInUse;
        listener = made;
        return CallResult.Done;
    }

    /// <summary>Takes the oldest connection that nobody accepted; then <see cref="Adopt"/> it.</summary>
    public bool TryAccept(StackListener listener, out StackConnection? connection)
    {
        bool isTaken = listener.TryDequeue(out connection);
        listener.Accepted += isTaken ? 1 : 0;
        return isTaken;
    }

    /// <summary>
    /// Half-open connections and those not accepted are reset, pending requests cancelled. Idempotent.
    /// </summary>
    public void CloseListener(StackListener listener, Instant now)
    {
        if (listener.IsClosed)
            return;
        listener.IsClosed = true;
        _listeners.Remove(listener);
        _ports.OnReleased(listener.Key.Port);
        _halfOpen.CopyTo(_halfOpenScratch);
        foreach (HalfOpenEntry entry in _halfOpenScratch)
        {
            if (ReferenceEquals(entry.Listener, listener))
            {
                QueueSegment(entry.Flow, ResetFor(entry, now), entry.Config);
                Abandon(entry);
            }
        }

        _halfOpenScratch.Clear();
        while (listener.TryDequeue(out StackConnection connection))
        {
            connection.Receive.CloseReader(isViewReleased: true);
            OnUserCall(connection, UserCall.Abort, now);
        }
    }

    /// <summary>Sends the SYN-ACK. False if the request is no longer pending.</summary>
    public bool AcceptRequest(StackRequest request, TcpConfig config, Instant now)
    {
        if (request.State != RequestState.Pending)
            return false;

        HalfOpenEntry entry = request.Entry!;
        request.State = RequestState.Accepted;
        entry.Config = Complete(config);
        Answer(entry, entry.Syn.ToSegment(entry.Flow), beyond: null, now);
        return true;
    }

    /// <summary>Answers RST, ICMP or nothing. False if the request is no longer pending.</summary>
    public bool RejectRequest(StackRequest request, RejectReason reason, Instant now)
    {
        if (request.State != RequestState.Pending)
            return false;

        HalfOpenEntry entry = request.Entry!;
        request.State = RequestState.Rejected;
        Counters.FailedConnectionAttempts++;
        Remove(entry);
        if (reason == RejectReason.Refused)
            QueueSegment(entry.Flow, ResetFor(entry, now), entry.Config);
        else if (reason != RejectReason.Ignore)
            ReplyUnreachable(entry, CodeFor(reason), now);
        return true;
    }

    private static IcmpUnreachableCode CodeFor(RejectReason reason) => reason switch
    {
        RejectReason.NetworkUnreachable => IcmpUnreachableCode.Network,
        RejectReason.PortUnreachable => IcmpUnreachableCode.Port,
        RejectReason.Prohibited => IcmpUnreachableCode.AdministrativelyProhibited,
        _ => IcmpUnreachableCode.Host,
    };

    /// <summary>The error comes from us, not from the host that was not reached (RFC 1812 §4.3.2.4).</summary>
    private void ReplyUnreachable(HalfOpenEntry entry, IcmpUnreachableCode code, Instant now)
    {
        if (!Ipv4Header.TryParseQuote(entry.Quote, out Ipv4Header quote)
            || !_routes.TryResolve(entry.Flow.Remote, out NextHop hop)
            || !TryRentReply(now, IcmpErrors.MaxPacketBytes, out PacketBlock? block))
        {
            return;
        }

        QueuePacket(block, IcmpErrors.WriteUnreachable(block.Room, quote, code, hop.Source));
    }

    /// <summary>Ends a handshake that the peer has begun, whether it has seen our SYN-ACK or not.</summary>
    private static SegmentPlan ResetFor(HalfOpenEntry entry, Instant now)
    {
        if (entry.Opening is null)
        {
            Strangers.TryReset(entry.Syn.ToSegment(entry.Flow), out SegmentPlan reset);
            return reset;
        }

        SegmentPlan synAck = entry.Opening.SynAck(now);
        return new SegmentPlan { Seq = synAck.Seq + 1, Ack = synAck.Ack, Flags = TcpFlags.Rst | TcpFlags.Ack };
    }

    /// <summary>Which ports have a listener.</summary>
    private readonly record struct ListenUse(ListenTable Listeners, HostAddress Local) : IPortUse
    {
        public PortState Of(ushort port) => Listeners.IsPortBound(Local, port) ? PortState.Taken : PortState.Free;
    }
}
