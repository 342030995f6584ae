using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp;

internal enum TimeWaitVerdict : byte
{
    Drop,

    /// <summary>Send the plan.</summary>
    Reply,

    /// <summary>Send the plan, and begin 2MSL anew.</summary>
    ReplyAndRestart,

    /// <summary>
    /// A new incarnation: forget this one, and hand the SYN to the listener with an ISS beyond
    /// <see cref="TimeWaitState.SendNext"/>.
    /// </summary>
    Reuse,
}

/// <summary>
/// All that TIME-WAIT remembers of a connection (RFC 9293 §3.6.1); the stack adds its key and its end.
/// </summary>
internal readonly struct TimeWaitState(
    SeqNumber sendNext, SeqNumber receiveNext, bool hasTimestamps, uint tsRecent, uint timestampOffset,
    WireWindow window = default)
{
    public SeqNumber SendNext { get; } = sendNext;

    public SeqNumber ReceiveNext { get; } = receiveNext;

    public uint TsRecent { get; } = tsRecent;

    public uint TimestampOffset { get; } = timestampOffset;

    public bool HasTimestamps { get; } = hasTimestamps;

    /// <summary>What was offered last: it stands, though nothing is to come any more.</summary>
    public WireWindow Window { get; } = window;

    /// <summary>
    /// RFC 9293 §3.10.7.4 in TIME-WAIT. A reset is ignored: it would end the quiet time early (RFC 1337 §3).
    /// </summary>
    public TimeWaitVerdict OnSegmentArrives(in TcpSegment seg, Instant now, bool hasListener, out SegmentPlan reply)
    {
        reply = default;
        if (seg.Has(TcpFlags.Rst))
            return TimeWaitVerdict.Drop;

        if (seg.Has(TcpFlags.Syn) && !seg.Has(TcpFlags.Ack) && hasListener && IsNewIncarnation(seg))
            return TimeWaitVerdict.Reuse;

        if (!seg.Has(TcpFlags.Syn) && !seg.Has(TcpFlags.Ack) && seg.Seq >= ReceiveNext)
            return TimeWaitVerdict.Drop;

        bool isStale = HasTimestamps && seg.Options.HasTimestamps && unchecked((int)(seg.Options.TsVal - TsRecent)) < 0;
        if (seg.Length == 0 && !isStale && seg.Seq == ReceiveNext)
            return TimeWaitVerdict.Drop; // the ACK of our FIN, once more

        reply = Acknowledgment(now);
        bool isFinAgain = seg.Has(TcpFlags.Fin) && !isStale && seg.End == ReceiveNext;
        return isFinAgain ? TimeWaitVerdict.ReplyAndRestart : TimeWaitVerdict.Reply;
    }

    // RFC 6191 §2 (RFC 9293 §3.6.1, SHLD-4, MAY-2): a later timestamp, or a later number, cannot be an old duplicate.
    private bool IsNewIncarnation(in TcpSegment syn)
    {
        if (HasTimestamps && syn.Options.HasTimestamps)
        {
            int later = unchecked((int)(syn.Options.TsVal - TsRecent));
            return later > 0 || (later == 0 && syn.Seq > ReceiveNext);
        }

        return syn.Seq > ReceiveNext;
    }

    private SegmentPlan Acknowledgment(Instant now)
    {
        var plan = new SegmentPlan { Seq = SendNext, Ack = ReceiveNext, Flags = TcpFlags.Ack, Window = Window };
        if (HasTimestamps)
        {
            plan.Options.HasTimestamps = true;
            plan.Options.TsVal = unchecked((uint)now.Milliseconds + TimestampOffset);
            plan.Options.TsEcr = TsRecent;
        }

        return plan;
    }
}
