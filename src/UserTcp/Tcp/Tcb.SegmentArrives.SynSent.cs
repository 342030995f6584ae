using System.Runtime.CompilerServices;
using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <content>RFC 9293 §3.10.7.3: SEGMENT ARRIVES in SYN-SENT.</content>
internal sealed partial class Tcb
{
    private void OnSegmentInSynSent(in TcpSegment seg, Instant now)
    {
        bool hasAck = seg.Has(TcpFlags.Ack);
        if (hasAck && (seg.Ack <= _sender.InitialSend || seg.Ack > _sender.Next)) // first
        {
            if (!seg.Has(TcpFlags.Rst))
                ReplyReset(seg);
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

    private void CompleteActiveOpen(in TcpSegment seg, Instant now)
    {
        _sender.OnAck(new AckFacts { Ack = seg.Ack, EchoedRtt = EchoedRtt(seg, now) }, now, out LossSigns _);
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
        _synDue = true;
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
        _replyResetDue = true;
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
