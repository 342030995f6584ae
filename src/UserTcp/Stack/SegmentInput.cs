using System.Diagnostics;
using UserTcp.Diagnostics;
using UserTcp.Ip;
using UserTcp.Links;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Stack;

/// <summary>
/// Brings a segment to its connection; if it has none, to TIME-WAIT, a half-open one, a listener, or a reset.
/// </summary>
internal sealed class SegmentInput(
    RoutingTable routes, ListenTable listeners, SegmentChecks checks, ChallengeBudget challenges, Flows flows,
    Connections connections, PassiveOpens passiveOpens, Answers answers, WakeQueue wakes, StackCounters counters)
{
    private long _challengesWithheld;

    /// <param name="packet">The packet.</param>
    /// <param name="offload">The findings of the device.</param>
    /// <param name="mayLack">Whether its checksum may be unfinished.</param>
    /// <param name="arrival">When it arrived.</param>
    public FrameOutcome OnPacket(in IpPacket packet, FrameOffload offload, bool mayLack, Instant arrival)
    {
        counters.SegmentsReceived++;
        if (!checks.IsGood(packet, offload, mayLack, out ChecksumFinding finding))
            return DropAsError(PacketDropReason.BadChecksum);

        int segmentSize = offload.Segmentation == SegmentationOffload.None ? 0 : offload.SegmentSize;
        if (!TcpSegment.TryParse(packet.Payload, out TcpSegment seg, segmentSize, packet.Ecn, finding)
            || seg.SourcePort == 0 || seg.DestinationPort == 0)
        {
            return DropAsError(PacketDropReason.Malformed);
        }

        FrameOutcome outcome = OnSegment(packet, seg, arrival);
        NoteChallenges(arrival);
        return outcome;
    }

    private PacketDropReason DropAsError(PacketDropReason reason)
    {
        counters.ErrorsReceived++;
        return counters.Drop(reason);
    }

    private FrameOutcome OnSegment(in IpPacket packet, in TcpSegment seg, Instant arrival)
    {
        var flow = new FlowKey(packet.Destination, seg.DestinationPort, packet.Source, seg.SourcePort);
        if (flows.FindAgain(flow) is { } last)
            return OnConnectionSegment(last, packet, seg, arrival);

        ulong hash = flows.Hash(flow);
        if (flows.Find(flow, hash) is { } connection)
        {
            flows.Remember(connection);
            return OnConnectionSegment(connection, packet, seg, arrival);
        }

        if (flows.TryFindTimeWait(flow, hash, out TimeWaitState state)
            && !TryReuse(state, seg, flow, hash, arrival))
        {
            return PacketDropReason.None;
        }

        if (flows.FindHalfOpen(flow, hash) is { } entry)
            return OnHalfOpenSegment(entry, packet, seg, arrival);
        if (FindListener(flow) is { } listener)
            return passiveOpens.OnListenSegment(listener, packet, seg, flow, hash, arrival);

        return routes.IsLocal(flow.Local)
            ? answers.Refuse(seg, flow, PacketDropReason.NoListener, arrival)
            : counters.Drop(PacketDropReason.NotForUs);
    }

    private FrameOutcome OnConnectionSegment(
        StackConnection connection, in IpPacket packet, in TcpSegment seg, Instant arrival)
    {
        Debug.Assert(!Connections.IsOver(connection), "A connection that is over is in no table.");
        if (!checks.IsTrusted(connection, packet, seg))
            return new FrameOutcome(DropAsError(PacketDropReason.UnfinishedChecksum), connection);

        SeqNumber next = connection.Tcb.ReceiveNext;
        connections.OnSegment(connection, seg, arrival);
        checks.Learn(connection, packet, seg, next);
        return new FrameOutcome(PacketDropReason.None, connection);
    }

    private PacketDropReason OnHalfOpenSegment(
        HalfOpenEntry entry, in IpPacket packet, in TcpSegment seg, Instant arrival)
    {
        // A SYN begins a new sender: a forged one before it must not keep it out.
        bool isNewSender = (seg.Flags & (TcpFlags.Syn | TcpFlags.Ack | TcpFlags.Rst)) == TcpFlags.Syn;
        return isNewSender || checks.IsTrusted(entry, packet, seg)
            ? passiveOpens.OnSegment(entry, packet, seg, arrival)
            : DropAsError(PacketDropReason.UnfinishedChecksum);
    }

    private StackListener? FindListener(in FlowKey flow) =>
        listeners.Find(flow.Local, flow.LocalPort, routes.IsLocal(flow.Local));

    /// <summary>TIME-WAIT answers, or gives way to a new incarnation (RFC 6191): true.</summary>
    private bool TryReuse(in TimeWaitState state, in TcpSegment seg, in FlowKey flow, ulong hash, Instant arrival)
    {
        TimeWaitVerdict verdict = state.OnSegmentArrives(
            seg, arrival, FindListener(flow) is not null, out SegmentPlan reply);
        bool isLimited = verdict == TimeWaitVerdict.Reply && seg.Length == 0; // or two stacks could go on for ever
        if ((verdict is TimeWaitVerdict.Reply or TimeWaitVerdict.ReplyAndRestart)
            && (!isLimited || challenges.TryTake(flows.TryChallenge(flow, hash, arrival), arrival)))
        {
            answers.Send(flow, reply);
        }

        if (verdict == TimeWaitVerdict.ReplyAndRestart)
            flows.RestartTimeWait(flow, hash, arrival);
        if (verdict is TimeWaitVerdict.Reuse or TimeWaitVerdict.Forget)
            flows.EndTimeWait(flow, hash);
        return verdict == TimeWaitVerdict.Reuse;
    }

    /// <summary>After a segment that may have asked for a challenge: the connections know no stack to tell.</summary>
    private void NoteChallenges(Instant now)
    {
        if (challenges.Withheld == _challengesWithheld)
            return;

        _challengesWithheld = challenges.Withheld;
        wakes.Add(StackLimit.ChallengeAcks, now);
    }
}
