using UserTcp.Primitives;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <content>Explicit congestion notification (RFC 3168 §6.1; RFC 9293 §3.8.2, SHLD-8).</content>
internal sealed partial class Tcb
{
    private EcnNegotiation _ecn;

    /// <summary>
    /// Text that reaches the window, the octet of a window probe included (RFC 3168 §6.1.5, RFC 3168 §6.1.6): was it
    /// marked?
    /// </summary>
    private void TakeMark(in TcpSegment seg, int segments)
    {
        if (_ecn.IsAgreed && _receiver.Echo.OnText(seg.Ecn, seg.Has(TcpFlags.Cwr), segments))
            _receiver.OweAck();
    }

    /// <summary>An ACK may say that what we sent was marked. That of a SYN-ACK only agrees to ECN.</summary>
    private void TakeEcho(in TcpSegment seg, in AckOutcome outcome, Instant now)
    {
        if (!IsEcho(seg))
            return;

        Rare.EcnEchoes++;
        if (!_sender.OnEcnEcho(outcome, now))
            return;

        Rare.EcnReductions++;
        if (!_sender.Ecn.IsHeldBack)
            return;

        _timers.Stop(TcpTimer.TailLossProbe);
        Arm(TcpTimer.Retransmit, now + _sender.Timer.Timeout);
    }

    private bool IsEcho(in TcpSegment seg) =>
        _ecn.MaySend && seg.Has(TcpFlags.Ece) && !seg.Has(TcpFlags.Syn);

    /// <summary>
    /// ECT and CWR belong on text that is sent for the first time: not on retransmissions (RFC 3168 §6.1.5), nor on
    /// probes of a closed window (RFC 3168 §6.1.6), nor on bare ACKs (RFC 3168 §6.1.4, RFC 8311 §4.3).
    /// </summary>
    private void AddEcn(ref SegmentPlan plan)
    {
        if (!_ecn.MaySend)
            return;

        plan.Ecn = EcnCodepoint.Ect0;
        if (!_sender.Ecn.OwesCwr)
            return;

        plan.Flags |= TcpFlags.Cwr;
        _sender.OnCwrSent();
    }
}
