using UserTcp.Buffers;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// Passive OPEN: LISTEN and SYN-RECEIVED, from the SYN to the connection. The other file is about requests.
/// </summary>
internal sealed partial class PassiveOpens(
    Flows flows, Connections connections, CookieOpens cookies, InitialNumbers numbers, ChallengeBudget challenges,
    Answers answers, RoutingTable routes, ChunkPool chunks, WakeQueue wakes, StackCounters counters, Instant start)
    : ITimed
{
    private readonly DeadlineWheel _wheel = new(start);
    private readonly List<HalfOpenEntry> _scratch = [];

    public Instant NextDeadline => _wheel.NextDeadline;

    /// <summary>RFC 9293 §3.10.7.2: the segment meets a listener.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="packet">The packet of the segment.</param>
    /// <param name="seg">The segment.</param>
    /// <param name="flow">Its flow.</param>
    /// <param name="hash">The hash of the flow.</param>
    /// <param name="arrival">When the segment arrived.</param>
    public PacketDropReason OnListenSegment(
        StackListener listener, in IpPacket packet, in TcpSegment seg, in FlowKey flow, ulong hash,
        Instant arrival)
    {
        if (seg.Has(TcpFlags.Rst))
            return PacketDropReason.None;
        if (seg.Has(TcpFlags.Ack))
            return OnListenAck(listener, seg, flow, hash, arrival);
        if (!seg.Has(TcpFlags.Syn) || (seg.Has(TcpFlags.Fin) && !listener.Config.AcceptSynFin))
            return counters.Drop(PacketDropReason.Malformed);
        if (UsesCookie(listener))
            return AnswerByCookie(listener, seg, flow, arrival);
        if (!flows.HasRoomForHalfOpen(listener) || !flows.HasRoom)
            return DropForBacklog(listener);
        if (!routes.TryResolve(flow.Remote, out _))
            return counters.Drop(PacketDropReason.Filtered);

        counters.ConnectionsAccepted++;
        if (listener.HandsOutRequests)
            BeginRequest(listener, packet, seg, flow, hash, arrival);
        else
            Begin(listener, seg, flow, hash, arrival);
        return PacketDropReason.None;
    }

    /// <summary>A segment for a half-open connection, or for a SYN whose answer is still to be decided.</summary>
    public PacketDropReason OnSegment(HalfOpenEntry entry, in IpPacket packet, in TcpSegment seg, Instant arrival)
    {
        if (entry.Opening is null)
        {
            OnPendingSegment(entry, packet, seg, arrival);
            return PacketDropReason.None;
        }

        switch (entry.Opening.OnSegmentArrives(seg, arrival))
        {
            case PassiveVerdict.ReplySynAck:
                SendSynAck(entry, arrival);
                return PacketDropReason.None;
            case PassiveVerdict.ReplyAck when !seg.Text.IsEmpty || challenges.TryTake(ref entry.Challenges, arrival):
                answers.Send(entry.Flow, entry.Opening.Ack(arrival), entry.Config.Live);
                return PacketDropReason.None;
            case PassiveVerdict.ReplyReset when cookies.Read(entry.Listener, seg, entry.Flow, arrival) is { } opening:
                entry.Opening = opening; // the SYN came again when there was room; the first answer was taken
                return CompleteCookie(entry, seg, arrival);
            case PassiveVerdict.ReplyReset:
                return answers.Refuse(seg, entry.Flow, PacketDropReason.OutOfWindow, arrival);
            case PassiveVerdict.Forget:
                Abandon(entry);
                return PacketDropReason.None;
            case PassiveVerdict.Complete:
                return Complete(entry, seg, arrival);
            default:
                return PacketDropReason.None;
        }
    }

    /// <summary>The listener is closed: what it began is reset.</summary>
    public void Close(StackListener listener, Instant now)
    {
        flows.CopyTo(_scratch);
        foreach (HalfOpenEntry entry in _scratch)
        {
            if (ReferenceEquals(entry.Listener, listener))
            {
                answers.Send(entry.Flow, ResetFor(entry, now), entry.Config.Live);
                Abandon(entry);
            }
        }

        _scratch.Clear();
    }

    /// <summary>The address is no longer ours: what began at it comes to nothing, in silence.</summary>
    public void EndAll(HostAddress lost)
    {
        flows.CopyTo(_scratch);
        foreach (HalfOpenEntry entry in _scratch)
        {
            if (entry.Flow.Local == lost)
                Abandon(entry);
        }

        _scratch.Clear();
    }

    public void OnDeadline(Instant dueBy, Instant now)
    {
        _wheel.Advance(dueBy);
        while (_wheel.TryTakeDue(out FlowEntry due))
        {
            var entry = (HalfOpenEntry)due;
            if (entry.Opening is not null && entry.Opening.OnTimeout(now))
                SendSynAck(entry, now);
            else
                Abandon(entry);
        }
    }

    private void Begin(StackListener listener, in TcpSegment syn, in FlowKey flow, ulong hash, Instant now)
    {
        var entry = new HalfOpenEntry(listener, listener.Config, flow, hash)
        {
            Checksums = ChecksumHistory.From(syn.Checksum),
        };
        flows.Add(entry);
        Answer(entry, syn, now);
    }

    /// <summary>Sends the first SYN-ACK.</summary>
    private void Answer(HalfOpenEntry entry, in TcpSegment syn, Instant now)
    {
        SeqNumber iss = numbers.Next(entry.Flow, now);
        entry.Opening = PassiveOpen.FromSyn(entry.Config, syn, iss, numbers.TimestampOffset(entry.Flow), now);
        SendSynAck(entry, now);
    }

    private void SendSynAck(HalfOpenEntry entry, Instant now)
    {
        answers.Send(entry.Flow, entry.Opening!.SynAck(now), entry.Config.Live);
        _wheel.Arm(entry, entry.Opening.NextDeadline);
    }

    /// <summary>Never for requests: the owner's answer cannot wait in a sequence number.</summary>
    private bool UsesCookie(StackListener listener) =>
        !listener.HandsOutRequests
        && listener.SynCookies switch
        {
            UserTcpSynCookieMode.Always => true,
            UserTcpSynCookieMode.WhenNeeded => !flows.HasRoomForHalfOpen(listener),
            _ => false,
        };

    private PacketDropReason AnswerByCookie(StackListener listener, in TcpSegment syn, in FlowKey flow, Instant now)
    {
        if (listener.IsFull || !flows.HasRoom)
            return DropForBacklog(listener); // nobody could take the connection

        cookies.Answer(listener, syn, flow, now);
        return PacketDropReason.None;
    }

    /// <summary>An ACK for a listener completes a handshake that nobody remembers, or is refused.</summary>
    private PacketDropReason OnListenAck(
        StackListener listener, in TcpSegment seg, in FlowKey flow, ulong hash, Instant now)
    {
        if (cookies.Read(listener, seg, flow, now) is not { } opening)
            return answers.Refuse(seg, flow, PacketDropReason.NoListener, now);

        var entry = new HalfOpenEntry(listener, listener.Config, flow, hash)
        {
            Opening = opening,
            Checksums = ChecksumHistory.From(seg.Checksum),
        };
        return CompleteCookie(entry, seg, now);
    }

    private PacketDropReason CompleteCookie(HalfOpenEntry entry, in TcpSegment seg, Instant now)
    {
        if (!flows.HasRoomForCookie)
            return DropForBacklog(entry.Listener);

        PacketDropReason reason = Complete(entry, seg, now);
        if (reason == PacketDropReason.None)
            entry.Listener.SynCookiesAccepted++;
        return reason;
    }

    /// <summary>The final ACK: the half-open connection becomes one, if anybody can take it.</summary>
    private PacketDropReason Complete(HalfOpenEntry entry, in TcpSegment seg, Instant arrival)
    {
        StackListener listener = entry.Listener;
        if ((entry.Request is null && listener.IsFull) || !routes.TryResolve(entry.Flow.Remote, out NextHop hop))
            return DropForBacklog(listener); // the peer repeats, or the SYN-ACK does

        Remove(entry);
        var send = new SendQueue(chunks);
        var receive = new ReceiveQueue(chunks, entry.Config.ReceiveBufferBytes);
        var connection = new StackConnection(flows.NextId(), entry.Flow, entry.FlowHash)
        {
            Tcb = new Tcb(entry.Config, entry.Flow.Family, send, receive, entry.Opening!, arrival),
            Listener = entry.Request is null ? listener : null,
            IsIncoming = true,
            NextHop = hop.Address,
            IsLooped = routes.IsLocal(entry.Flow.Remote),
            IsForeign = !routes.IsLocal(entry.Flow.Local),
            Checksums = entry.Checksums,
        };
        connections.Open(connection, seg, arrival);
        HandOver(connection, entry);
        return PacketDropReason.None;
    }

    private void HandOver(StackConnection connection, HalfOpenEntry entry)
    {
        if (entry.Request is { } request)
        {
            request.Connection = connection;
            Change(request, RequestState.Established);
            return;
        }

        entry.Listener.Enqueue(connection);
        wakes.Add(entry.Listener);
    }

    private PacketDropReason DropForBacklog(StackListener listener)
    {
        listener.Overflows++;
        return counters.Drop(PacketDropReason.BacklogFull);
    }

    /// <summary>The half-open connection comes to nothing.</summary>
    private void Abandon(HalfOpenEntry entry)
    {
        counters.FailedConnectionAttempts++;
        Remove(entry);
        if (entry.Request is { } request)
            Change(request, RequestState.Cancelled);
    }

    private void Remove(HalfOpenEntry entry)
    {
        flows.Remove(entry);
        _wheel.Remove(entry);
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
}
