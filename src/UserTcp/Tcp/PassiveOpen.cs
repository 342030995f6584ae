using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>The verdict about a segment of a half-open connection.</summary>
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
/// final ACK, and no more (RFC 4987 §3.4). Text on the SYN is not kept: the peer sends it again.
/// </summary>
internal sealed class PassiveOpen
{
    private readonly TcpConfig _config;
    private readonly TcpOptions _answer;
    private readonly Timestamps _peerTimestamps;
    private EcnNegotiation _ecn;

    private PassiveOpen(TcpConfig config, in TcpSegment syn, SeqNumber iss, uint timestampOffset, Instant now)
    {
        _config = config;
        InitialSend = iss;
        InitialReceive = syn.Seq;
        PeerOptions = syn.Options;
        TimestampOffset = timestampOffset;
        ReceivedAt = now;
        _ecn.OnPeerSyn(syn);
        Window = FirstWindow(config);
        PromisedBytes = Window.Value;
        if (config.Timestamps && syn.Options.HasTimestamps)
            _peerTimestamps.Negotiate(syn.Options.TsVal, now);
        TcpOptions options = SynOptions.Of(config, 0);
        SynOptions.Answer(ref options, syn.Options.SackPermitted, _peerTimestamps, syn.Options.HasWindowScale);
        _answer = options;
    }

    public SeqNumber InitialSend { get; }

    public SeqNumber InitialReceive { get; }

    public TcpOptions PeerOptions { get; }

    public uint TimestampOffset { get; }

    public Instant ReceivedAt { get; }

    /// <summary>The negotiated ECN; a repeated SYN may withdraw it (RFC 3168 §6.1.1.1).</summary>
    public EcnNegotiation Ecn => _ecn;

    public WireWindow Window { get; }

    /// <summary>The largest window that the peer was offered, in bytes.</summary>
    public uint PromisedBytes { get; private set; }

    public Instant SynAckSentAt { get; private set; }

    /// <summary>Nobody remembers when the SYN-ACK was sent: no round trip can be taken from it.</summary>
    public bool IsFromCookie { get; private init; }

    public int Retransmissions { get; private set; }

    /// <summary>When the SYN-ACK is due again; never before it was sent once.</summary>
    public Instant NextDeadline { get; private set; } = Instant.Never;

    /// <summary>The window that a SYN-ACK offers.</summary>
    public static WireWindow FirstWindow(TcpConfig config) =>
        new WindowSize((uint)config.FirstReceiveBytes) >> WindowScale.None;

    public static PassiveOpen FromSyn(
        TcpConfig config, in TcpSegment syn, SeqNumber iss, uint timestampOffset, Instant now) =>
        new(config, syn, iss, timestampOffset, now);

    /// <summary>
    /// What a cookie tells of a SYN-ACK that was sent and forgotten; the segment that brought it completes the
    /// handshake.
    /// </summary>
    public static PassiveOpen FromCookie(
        TcpConfig config, in TcpSegment syn, SeqNumber iss, uint timestampOffset, Instant now)
    {
        var opening = new PassiveOpen(config, syn, iss, timestampOffset, now)
        {
            IsFromCookie = true, SynAckSentAt = now,
        };
        opening._ecn.Answer(config.Ecn);
        return opening;
    }

    /// <summary>The timer: true if the SYN-ACK is to be sent again, false to give up.</summary>
    public bool OnTimeout(Instant now)
    {
        if (Retransmissions >= _config.SynAckRetries)
            return false;

        Retransmissions++;
        return true;
    }

    /// <summary>RFC 9293 §3.10.7.4 in SYN-RECEIVED, with RFC 5961 §3.2 and RFC 5961 §4.2.</summary>
    public PassiveVerdict OnSegmentArrives(in TcpSegment seg, Instant now)
    {
        SeqNumber next = InitialReceive + 1;
        if (seg.Has(TcpFlags.Syn) && !seg.Has(TcpFlags.Rst))
            return OnSyn(seg);

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

    private PassiveVerdict OnSyn(in TcpSegment syn)
    {
        if (syn.Seq != InitialReceive)
            return PassiveVerdict.ReplyAck;

        if (!syn.Has(TcpFlags.Ack))
            _ecn.OnPeerSyn(syn);
        return PassiveVerdict.ReplySynAck;
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
        plan.Flags = TcpFlags.Syn | TcpFlags.Ack | _ecn.Answer(_config.Ecn);
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
        plan.Window = _answer.HasWindowScale ? new WindowSize((uint)_config.FirstReceiveBytes) >> _answer.WindowScale
            : Window;
        PromisedBytes = Math.Max(PromisedBytes, (plan.Window << _answer.WindowScale).Bytes);
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
