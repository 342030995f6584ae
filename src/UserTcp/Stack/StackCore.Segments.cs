using System.Diagnostics;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <content>From the segment to its connection; if it has none, to TIME-WAIT, a half-open one, a listener, or a
/// reset.</content>
internal sealed partial class StackCore
{
    // RFC 9293 §3.8.3 (MUST-23): a peer may go on with a SYN for three minutes; then nobody waits for the decision.
    private static readonly TimeSpan s_requestLifetime = TimeSpan.FromMinutes(3);

    // Segments come in trains: the hash is left out for all but the first of one.
    private StackConnection? _lastFound;

    private void OnSegment(in Ipv4Header packet, in TcpSegment seg, Instant arrival)
    {
        var flow = new FlowKey(packet.Destination, seg.DestinationPort, packet.Source, seg.SourcePort);
        if (_lastFound is { } last && last.Flow == flow)
        {
            OnConnectionSegment(last, packet, seg, arrival);
            return;
        }

        ulong hash = _tableKey.Hash(flow);
        if (_flows.Find(flow, hash) is { } connection)
        {
            _lastFound = connection;
            OnConnectionSegment(connection, packet, seg, arrival);
            return;
        }

        SeqNumber? beyond = null;
        if (_timeWait.TryFind(flow, hash, out TimeWaitState state)
            && !TryReuse(state, seg, flow, hash, arrival, ref beyond))
        {
            return;
        }

        if (_halfOpen.Find(flow, hash) is { } entry)
            OnHalfOpenSegment(entry, packet, seg, arrival);
        else if (FindListener(flow) is { } listener)
            OnListenSegment(listener, packet, seg, flow, hash, beyond, arrival);
        else if (_routes.IsLocal(flow.Local))
            Refuse(seg, flow, PacketDropReason.NoListener, arrival);
        else
            Drop(PacketDropReason.NotForUs);
    }

    private void OnConnectionSegment(
        StackConnection connection, in Ipv4Header packet, in TcpSegment seg, Instant arrival)
    {
        Debug.Assert(!IsOver(connection), "A connection that is over is in no table.");
        LastConnection = connection;
        if (!IsTrusted(connection, packet, seg))
            return;

        SeqNumber next = connection.Tcb.ReceiveNext;
        Apply(connection, connection.Tcb.OnSegmentArrives(seg, arrival), arrival);
        Learn(connection, packet, seg, next);
    }

    private StackListener? FindListener(in FlowKey flow) =>
        _isStopped ? null : _listeners.Find(flow.Local, flow.LocalPort, _routes.IsLocal(flow.Local));

    /// <summary>
    /// TIME-WAIT answers, or gives way to a new incarnation (RFC 6191): true, and our ISS must lie beyond.
    /// </summary>
    private bool TryReuse(
        in TimeWaitState state, in TcpSegment seg, in FlowKey flow, ulong hash, Instant arrival, ref SeqNumber? beyond)
    {
        TimeWaitVerdict verdict = state.OnSegmentArrives(
            seg, arrival, FindListener(flow) is not null, out SegmentPlan reply);
        bool isLimited = verdict == TimeWaitVerdict.Reply && seg.Length == 0; // or two stacks could go on for ever
        if ((verdict is TimeWaitVerdict.Reply or TimeWaitVerdict.ReplyAndRestart)
            && (!isLimited || _challenges.TryTake(_timeWait.TryChallenge(flow, hash, arrival), arrival)))
        {
            QueueSegment(flow, reply);
        }

        if (verdict == TimeWaitVerdict.ReplyAndRestart)
            _timeWait.Restart(flow, hash, arrival);
        if (verdict is TimeWaitVerdict.Reuse or TimeWaitVerdict.Forget)
            EndTimeWait(flow, hash);
        if (verdict != TimeWaitVerdict.Reuse)
            return false;

        beyond = state.SendNext;
        return true;
    }

    /// <summary>RFC 9293 §3.10.7.2: the segment meets a listener.</summary>
    private void OnListenSegment(
        StackListener listener, in Ipv4Header packet, in TcpSegment seg, in FlowKey flow, ulong hash,
        SeqNumber? beyond, Instant arrival)
    {
        if (seg.Has(TcpFlags.Rst))
            return;
        if (seg.Has(TcpFlags.Ack))
        {
            if (!TryAcceptCookie(listener, seg, flow, hash, arrival))
                Refuse(seg, flow, PacketDropReason.NoListener, arrival);
        }
        else if (!seg.Has(TcpFlags.Syn) || (seg.Has(TcpFlags.Fin) && !listener.Config.AcceptSynFin))
            Drop(PacketDropReason.Malformed);
        else if (UsesCookie(listener))
            ReplyCookie(listener, seg, flow, arrival);
        else if (!HasRoomFor(listener))
            DropForBacklog(listener);
        else if (listener.HandsOutRequests)
            BeginRequest(listener, packet, seg, flow, hash, arrival);
        else if (_routes.TryResolve(flow.Remote, out _))
            BeginHalfOpen(listener, seg, flow, hash, beyond, arrival);
        else
            Drop(PacketDropReason.Filtered);
    }

    private bool HasRoomFor(StackListener listener) =>
        _halfOpen.HasRoomFor(listener) && _flows.Count + _halfOpen.Count < Config.MaxConnections;

    private void DropForBacklog(StackListener listener)
    {
        listener.Overflows++;
        Drop(PacketDropReason.BacklogFull);
    }

    private void BeginHalfOpen(
        StackListener listener, in TcpSegment syn, in FlowKey flow, ulong hash, SeqNumber? beyond, Instant now)
    {
        Counters.ConnectionsAccepted++;
        var entry = new HalfOpenEntry(listener, listener.Config, flow, hash) { Checksums = HistoryFrom(syn) };
        _halfOpen.Add(entry);
        Answer(entry, syn, beyond, now);
    }

    /// <summary>Sends the first SYN-ACK.</summary>
    private void Answer(HalfOpenEntry entry, in TcpSegment syn, SeqNumber? beyond, Instant now)
    {
        SeqNumber iss = NextSequence(entry.Flow, beyond, now);
        uint offset = InitialSequence.TimestampOffset(_sequenceKey, entry.Flow);
        entry.Opening = PassiveOpen.FromSyn(entry.Config, syn, iss, offset, now);
        QueueSegment(entry.Flow, entry.Opening.SynAck(now), entry.Config);
        _wheel.Arm(entry, entry.Opening.NextDeadline);
    }

    private SeqNumber NextSequence(in FlowKey flow, SeqNumber? beyond, Instant now)
    {
        // Further than a window of the old incarnation's could reach, where the clock alone has not gone that far.
        const uint apart = 1 << 24;
        SeqNumber iss = InitialSequence.For(_sequenceKey, flow, now);
        return beyond is { } old && iss <= old ? old + apart : iss;
    }

    private void OnHalfOpenSegment(HalfOpenEntry entry, in Ipv4Header packet, in TcpSegment seg, Instant arrival)
    {
        if (!IsNewSender(seg) && !IsTrusted(entry, packet, seg))
            return;
        if (entry.Opening is null)
        {
            OnPendingSegment(entry, packet, seg, arrival);
            return;
        }

        switch (entry.Opening.OnSegmentArrives(seg, arrival))
        {
            case PassiveVerdict.ReplySynAck:
                QueueSegment(entry.Flow, entry.Opening.SynAck(arrival), entry.Config);
                _wheel.Arm(entry, entry.Opening.NextDeadline);
                break;
            case PassiveVerdict.ReplyAck when !seg.Text.IsEmpty || _challenges.TryTake(ref entry.Challenges, arrival):
                QueueSegment(entry.Flow, entry.Opening.Ack(arrival), entry.Config);
                break;
            case PassiveVerdict.ReplyReset when ReadCookie(entry.Listener, seg, entry.Flow, arrival) is { } opening:
                entry.Opening = opening; // the SYN came again when there was room; the first answer was taken
                CompleteCookie(entry, seg, arrival);
                break;
            case PassiveVerdict.ReplyReset:
                Refuse(seg, entry.Flow, PacketDropReason.OutOfWindow, arrival);
                break;
            case PassiveVerdict.Forget:
                Abandon(entry);
                break;
            case PassiveVerdict.Complete:
                CompleteOpen(entry, seg, arrival);
                break;
        }
    }

    /// <summary>The final ACK: the half-open connection becomes one, if anybody can take it.</summary>
    private bool CompleteOpen(HalfOpenEntry entry, in TcpSegment seg, Instant arrival)
    {
        StackListener listener = entry.Listener;
        if ((entry.Request is null && listener.IsFull) || !_routes.TryResolve(entry.Flow.Remote, out NextHop hop))
        {
            DropForBacklog(listener); // the peer repeats, or the SYN-ACK does
            return false;
        }

        Remove(entry);
        TcpConfig config = entry.Config;
        Buffers.SendQueue send = NewSendQueue();
        Buffers.ReceiveQueue receive = NewReceiveQueue(config);
        var connection = new StackConnection(++_lastId, entry.Flow, entry.FlowHash)
        {
            Tcb = new Tcb(config, send, receive, entry.Opening!, arrival),
            Send = send,
            Receive = receive,
            Listener = entry.Request is null ? listener : null,
            IsIncoming = true,
            NextHop = hop.Address,
            IsLooped = _routes.IsLocal(entry.Flow.Remote),
            IsForeign = !_routes.IsLocal(entry.Flow.Local),
            Checksums = entry.Checksums,
        };
        Admit(connection);
        Apply(connection, connection.Tcb.OnSegmentArrives(seg, arrival), arrival);
        AdoptKnownPathMtu(connection, arrival);
        HandOver(connection, entry);
        return true;
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
        _wakes.Add(entry.Listener);
    }

    /// <summary>A SYN to an any-address listener becomes a question to its owner.</summary>
    private void BeginRequest(
        StackListener listener, in Ipv4Header packet, in TcpSegment syn, in FlowKey flow, ulong hash, Instant now)
    {
        if (!_routes.TryResolve(flow.Remote, out _))
        {
            Drop(PacketDropReason.Filtered);
            return;
        }

        Counters.ConnectionsAccepted++;
        var request = new StackRequest(listener, flow);
        var entry = new HalfOpenEntry(listener, listener.Config, flow, hash)
        {
            Request = request,
            Checksums = HistoryFrom(syn),
        };
        request.Entry = entry;
        _halfOpen.Add(entry);
        Note(entry, packet, syn, now);
        _wakes.Add(request);
    }

    private void Note(HalfOpenEntry entry, in Ipv4Header packet, in TcpSegment syn, Instant now)
    {
        int quoted = Math.Min(packet.TotalLength, packet.HeaderLength + IcmpMessage.HeaderSize);
        entry.Syn = new SynFacts(syn);
        entry.Quote = packet.Packet[..quoted].ToArray();
        _wheel.Arm(entry, now + s_requestLifetime);
    }

    /// <summary>A repeated SYN is the same request; a reset of it cancels it.</summary>
    private void OnPendingSegment(HalfOpenEntry entry, in Ipv4Header packet, in TcpSegment seg, Instant arrival)
    {
        bool isReset = seg.Has(TcpFlags.Rst) && (seg.Seq == entry.Syn.Seq || seg.Seq == entry.Syn.Seq + 1);
        if (isReset)
            Abandon(entry);
        else if (seg.Has(TcpFlags.Syn) && !seg.Has(TcpFlags.Ack) && !seg.Has(TcpFlags.Rst))
            Note(entry, packet, seg, arrival);
    }

    /// <summary>The half-open connection comes to nothing.</summary>
    private void Abandon(HalfOpenEntry entry)
    {
        Counters.FailedConnectionAttempts++;
        Remove(entry);
        if (entry.Request is { } request)
            Change(request, RequestState.Cancelled);
    }

    private void Remove(HalfOpenEntry entry)
    {
        _halfOpen.Remove(entry);
        _ports.OnReleased(entry.Flow);
        _wheel.Remove(entry);
    }

    private void Change(StackRequest request, RequestState state)
    {
        request.State = state;
        _wakes.Add(request);
    }

    /// <summary>RFC 9293 §3.10.7.1: a reset answers what belongs to no connection, within the limit.</summary>
    private void Refuse(in TcpSegment seg, in FlowKey flow, PacketDropReason reason, Instant now)
    {
        Drop(reason);
        if (!Strangers.TryReset(seg, out SegmentPlan reset))
            return;
        if (MayReset(now))
            QueueSegment(flow, reset);
    }
}
