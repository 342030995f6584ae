using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Wire;

namespace UserTcp.Tcp;

internal enum TimeWaitVerdict : byte
{
    Drop,

    /// <summary>Send the plan.</summary>
    Reply,

    /// <summary>Send the plan, and begin 2MSL anew.</summary>
    ReplyAndRestart,

    /// <summary>The peer reset it: forget it.</summary>
    Forget,

    /// <summary>A new incarnation: forget this one, and hand the SYN to the listener.</summary>
    Reuse,
}

/// <summary>
/// All that TIME-WAIT remembers of a connection (RFC 9293 §3.6.1); the stack adds its key and its end.
/// </summary>
internal struct TimeWaitState(
    SeqNumber sendNext, SeqNumber receiveNext, bool hasTimestamps, uint tsRecent, uint timestampOffset,
    WireWindow window = default, WindowScale scale = default)
{
    private const byte StampsBit = 1 << 7;

    public readonly SeqNumber SendNext { get; } = sendNext;

    public readonly SeqNumber ReceiveNext { get; } = receiveNext;

    public readonly uint TsRecent { get; } = tsRecent;

    public readonly uint TimestampOffset { get; } = timestampOffset;

    // From here on bytes, so that an entry of the table keeps to 64.
    private readonly byte _scaleAndStamps = (byte)(scale.Shift | (hasTimestamps ? StampsBit : 0));

    // The quarter of a second in which the last challenge was granted, from 1 to 255; 0: none was. It comes round after
    // 65 s, when the entry is gone.
    private byte _challengedIn;

    public readonly bool HasTimestamps => (_scaleAndStamps & StampsBit) != 0;

    /// <summary>The last window that was offered.</summary>
    public readonly WireWindow Window { get; } = window;

    /// <summary>
    /// RFC 9293 §3.10.7.4 in TIME-WAIT. A reset at exactly RCV.NXT ends it, as in every other state: a peer whose port
    /// came round answers our ACK with one, and could not connect before 2MSL are over if we did as RFC 1337 §3
    /// proposes.
    /// </summary>
    public readonly TimeWaitVerdict OnSegmentArrives(
        in TcpSegment seg, Instant now, bool hasListener, out SegmentPlan reply)
    {
        reply = default;
        if (seg.Has(TcpFlags.Rst))
            return OnReset(seg, now, ref reply);

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

    /// <summary>Whether one more challenge may be sent: once in a quarter of a second.</summary>
    public bool TryChallenge(Instant now)
    {
        const int QuarterMs = 256;
        byte quarter = (byte)(1 + now.Milliseconds / QuarterMs % byte.MaxValue);
        bool isGranted = quarter != _challengedIn;
        _challengedIn = quarter;
        return isGranted;
    }

    private readonly TimeWaitVerdict OnReset(in TcpSegment seg, Instant now, ref SegmentPlan reply)
    {
        uint window = (Window << new WindowScale(_scaleAndStamps & ~StampsBit)).Bytes;
        switch (ResetPolicy.Decide(seg.Seq, ReceiveNext, window))
        {
            case ResetVerdict.Reset:
                return TimeWaitVerdict.Forget;
            case ResetVerdict.Challenge:
                reply = Acknowledgment(now);
                return TimeWaitVerdict.Reply;
            default:
                return TimeWaitVerdict.Drop;
        }
    }

    // RFC 6191 §2 (RFC 9293 §3.6.1, SHLD-4, MAY-2): a later timestamp, or a later number, cannot be an old duplicate.
    private readonly bool IsNewIncarnation(in TcpSegment syn)
    {
        if (HasTimestamps && syn.Options.HasTimestamps)
        {
            int later = unchecked((int)(syn.Options.TsVal - TsRecent));
            return later > 0 || (later == 0 && syn.Seq > ReceiveNext);
        }

        return syn.Seq > ReceiveNext;
    }

    private readonly SegmentPlan Acknowledgment(Instant now)
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
