using System.Runtime.CompilerServices;
using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <content>RFC 9293 §3.10.7.3: SEGMENT ARRIVES in SYN-SENT.</content>
internal sealed partial class Tcb
{
    // The peer still has the old connection of these ports: it needs the time to take our reset before the SYN.
    private static readonly TimeSpan s_resetLead = TimeSpan.FromMilliseconds(10);

    private SynChallenge _synChallenge;

    /// <summary>The verdict about a challenge ACK that answered our SYN. Only the first counts.</summary>
    private enum SynChallenge : byte
    {
        None,

        /// <summary>Our reset is on its way, and the SYN follows soon.</summary>
        Reset,

        /// <summary>The SYN is due again, though it was not lost.</summary>
        Repeating,

        Over,
    }

    private void OnSegmentInSynSent(in TcpSegment seg, Instant now)
    {
        bool hasAck = seg.Has(TcpFlags.Ack);
        if (hasAck && (seg.Ack <= _sender.InitialSend || seg.Ack > _sender.Next)) // first
        {
            if (!seg.Has(TcpFlags.Rst))
                OnChallenged(seg, now);
            return;
        }

        if (seg.Has(TcpFlags.Rst)) // second
        {
            if (hasAck)
                EnterClosed(UserTcpCloseReason.Refused, tellPeer: false);
            return;
        }

        if (!seg.Has(TcpFlags.Syn)) // fourth; fifth: neither SYN nor RST, drop
            return;

        _ecn.OnPeerSyn(seg);
        TakePeerSyn(seg.Seq, seg.Options, now);
        _receiver.AdoptRightEdge(_receiver.Next + _synWindow.Value);
        if (hasAck)
            CompleteActiveOpen(seg, now);
        else
            OpenSimultaneously();
    }

    /// <summary>
    /// RFC 9293 §3.5.1: the peer is half-open, and our reset ends that. The SYN goes again right behind it, as with
    /// Linux, and not after the timeout; but only once, or forged ACKs could have us send as many.
    /// </summary>
    private void OnChallenged(in TcpSegment seg, Instant now)
    {
        ReplyReset(seg);
        if (_synChallenge != SynChallenge.None || Owes(Dues.Syn) || seg.Has(TcpFlags.Syn))
            return; // with SYN it is an old duplicate (RFC 9293 §3.5, Figure 9)

        _synChallenge = SynChallenge.Reset;
        Arm(TcpTimer.Retransmit, Instant.Min(_timers[TcpTimer.Retransmit], now + s_resetLead));
    }

    /// <summary>The timer of <see cref="OnChallenged"/>: nothing was lost, and all it brings is a SYN.</summary>
    private bool TryRepeatSyn()
    {
        if (_synChallenge != SynChallenge.Reset || _sender.IsSynAcknowledged)
            return false;

        _synChallenge = SynChallenge.Repeating;
        Owe(Dues.Syn);
        return true;
    }

    private void CompleteActiveOpen(in TcpSegment seg, Instant now)
    {
        _sender.OnAck(new AckFacts { Ack = seg.Ack, EchoedRtt = EchoedRtt(seg, now) }, now);
        // a SYN's window is never scaled
        _sender.OnEstablished(new WindowSize(seg.Window.Value), seg.Seq, seg.Ack, now);
        _timers.Stop(TcpTimer.Retransmit);
        _effects |= Effects.ForwardProgress;
        EnterEstablished();
        _receiver.OweAck();

        // "If there are other controls or text in the segment, then continue processing at the sixth step".
        Verdict verdict = CheckUrgent(seg);
        if (verdict == Verdict.Continue)
            verdict = ProcessText(seg, now);
        if (verdict == Verdict.Continue)
            CheckFin(seg, now);
    }

    // RFC 9293 §3.5 (MUST-10), Figure 8. Text on the SYN is not taken: the peer sends it again once it may.
    private void OpenSimultaneously()
    {
        MoveTo(TcpState.SynReceived);
        Owe(Dues.Syn);
    }

    /// <summary>The peer's SYN: its number, and which options are in force (RFC 7323 §2.2, RFC 2018 §2).</summary>
    private void TakePeerSyn(SeqNumber seq, in TcpOptions options, Instant now)
    {
        bool scales = Config.WindowScaling && options.HasWindowScale;
        _peerScales = scales;
        bool stamps = Config.Timestamps && options.HasTimestamps;
        _receiver.OnSyn(seq);
        if (stamps)
            _receiver.Timestamps.Negotiate(options.TsVal, now);
        if (scales)
            _receiver.UseScale(WindowScale.For((uint)Config.ReceiveBufferBytes));
        _sender.OnPeerOptions(options, stamps, scales);
    }

    private void ReplyReset(in TcpSegment seg)
    {
        Owe(Dues.ReplyReset);
        _replyResetSeq = seg.Ack;
        _replyResetOptions = new StrongBox<TcpOptions>(Strangers.Echo(seg.Options));
    }

    private TimeSpan? EchoedRtt(in TcpSegment seg, Instant now)
    {
        if (!HasTimestamps || !seg.Options.HasTimestamps || seg.Options.TsEcr == 0)
            return null;

        int milliseconds = unchecked((int)(TimestampNow(now) - seg.Options.TsEcr));
        return milliseconds >= 0 ? TimeSpan.FromMilliseconds(milliseconds) : null;
    }
}
