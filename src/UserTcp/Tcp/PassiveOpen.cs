using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>What a segment means for a half-open connection.</summary>
internal enum PassiveVerdict : byte
{
    Drop,

    /// <summary>Send <see cref="PassiveOpen.SynAck"/> again.</summary>
    ReplySynAck,

    /// <summary>Send <see cref="PassiveOpen.Ack"/>, a challenge.</summary>
    ReplyAck,

    /// <summary>Send what <see cref="Strangers.TryReset"/> plans; the half-open connection stays.</summary>
    ReplyReset,

    /// <summary>The peer reset it: back to LISTEN.</summary>
    Forget,

    /// <summary>The handshake is complete: make a TCB and pass it the segment.</summary>
    Complete,
}

/// <summary>
/// A connection in SYN-RECEIVED that came from LISTEN (RFC 9293 §3.5, MUST-11): what has to be remembered until its
/// final ACK. Text on the SYN is not kept: the peer sends it again.
/// </summary>
internal sealed class PassiveOpen
{
    private readonly TcpConfig _config;
    private readonly TcpOptions _answer;
    private readonly Timestamps _peerTimestamps;

    private PassiveOpen(TcpConfig config, in TcpSegment syn, SeqNumber iss, uint timestampOffset, Instant now)
    {
        _config = config;
        InitialSend = iss;
        InitialReceive = syn.Seq;
        PeerOptions = syn.Options;
        TimestampOffset = timestampOffset;
        ReceivedAt = now;
        Window = new WindowSize((uint)config.ReceiveBufferBytes) >> WindowScale.None;
        if (config.Timestamps && syn.Options.HasTimestamps)
            _peerTimestamps.Negotiate(syn.Options.TsVal, now);
        TcpOptions options = SynOptions.Of(config, config.ReceiveBufferBytes, 0);
        SynOptions.Answer(ref options, syn.Options.SackPermitted, _peerTimestamps, syn.Options.HasWindowScale);
        _answer = options;
    }

    public SeqNumber InitialSend { get; }

    public SeqNumber InitialReceive { get; }

    public TcpOptions PeerOptions { get; }

    public uint TimestampOffset { get; }

    public Instant ReceivedAt { get; }

    public WireWindow Window { get; }

    public Instant SynAckSentAt { get; private set; }

    public int Retransmissions { get; private set; }

    /// <summary>When the SYN-ACK is due again; never before it was sent once.</summary>
    public Instant NextDeadline { get; private set; } = Instant.Never;

    public static PassiveOpen FromSyn(
        TcpConfig config, in TcpSegment syn, SeqNumber iss, uint timestampOffset, Instant now) =>
        new(config, syn, iss, timestampOffset, now);

    /// <summary>The timer: true if the SYN-ACK is to be sent again, false to give up.</summary>
    public bool OnTimeout(Instant now)
    {
        if (Retransmissions >= _config.SynAckRetries)
            return false;

        Retransmissions++;
        return true;
    }

    /// <summary>RFC 9293 §3.10.7.4 in SYN-RECEIVED, with RFC 5961 §3 and §4.</summary>
    public PassiveVerdict OnSegmentArrives(in TcpSegment seg, Instant now)
    {
        SeqNumber next = InitialReceive + 1;
        if (seg.Has(TcpFlags.Syn) && !seg.Has(TcpFlags.Rst))
            return seg.Seq == InitialReceive ? PassiveVerdict.ReplySynAck : PassiveVerdict.ReplyAck;

        if (seg.Has(TcpFlags.Rst))
            return ResetPolicy.Decide(seg.Seq, next, Window.Value) switch
            {
                ResetVerdict.Reset => PassiveVerdict.Forget,
                ResetVerdict.Challenge => PassiveVerdict.ReplyAck,
                _ => PassiveVerdict.Drop,
            };

        bool isStale = seg.Options.HasTimestamps && _peerTimestamps.IsStale(seg.Options.TsVal, now); // RFC 7323 §5.3
        if (isStale || !Acceptability.IsAcceptable(seg.Seq, seg.Length, next, Window.Value))
            return PassiveVerdict.ReplyAck;
        if (!seg.Has(TcpFlags.Ack))
            return PassiveVerdict.Drop;

        return seg.Ack == InitialSend + 1 ? PassiveVerdict.Complete : PassiveVerdict.ReplyReset;
    }

    /// <summary>The SYN-ACK, sent now.</summary>
    public SegmentPlan SynAck(Instant now)
    {
        SynAckSentAt = now;
        // A repeated SYN is answered, and does not put off the end: or a peer could keep the entry for ever.
        if (NextDeadline.IsNever || NextDeadline <= now)
        {
            long ticks = Math.Min(_config.InitialRto.Ticks << Math.Min(Retransmissions, 16), _config.MaxRto.Ticks);
            NextDeadline = now + new TimeSpan(ticks);
        }

        SegmentPlan plan = Plan(now);
        plan.Seq = InitialSend;
        plan.Flags = TcpFlags.Syn | TcpFlags.Ack;
        plan.Window = Window;
        plan.IsRetransmission = Retransmissions > 0;
        return plan;
    }

    /// <summary>A challenge ACK, or the answer to a segment outside the window.</summary>
    public SegmentPlan Ack(Instant now)
    {
        SegmentPlan plan = Plan(now);
        plan.Seq = InitialSend + 1;
        plan.Flags = TcpFlags.Ack;
        plan.Window = _answer.HasWindowScale ? new WindowSize((uint)_config.ReceiveBufferBytes) >> _answer.WindowScale
            : Window;
        plan.Options = new TcpOptions
        {
            HasTimestamps = plan.Options.HasTimestamps, TsVal = plan.Options.TsVal, TsEcr = plan.Options.TsEcr,
        };
        return plan;
    }

    private SegmentPlan Plan(Instant now)
    {
        var plan = new SegmentPlan { Ack = InitialReceive + 1, Options = _answer };
        if (plan.Options.HasTimestamps)
            plan.Options.TsVal = unchecked((uint)now.Milliseconds + TimestampOffset);
        return plan;
    }
}
