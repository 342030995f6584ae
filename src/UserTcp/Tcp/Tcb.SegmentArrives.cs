using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <summary>How a step of SEGMENT ARRIVES ended.</summary>
internal enum Verdict : byte
{
    Continue,
    Drop,

    /// <summary>Drop it, and send an ACK, within the stack's limit (challenge ACK).</summary>
    Challenge,
}

/// <content>RFC 9293 §3.10.7.4: SEGMENT ARRIVES in the synchronized states and SYN-RECEIVED.</content>
internal sealed partial class Tcb
{
    /// <summary>The eight steps in the order of the RFC; the third (security) is not used any more.</summary>
    public Effects OnSegmentArrives(in TcpSegment seg, Instant now)
    {
        _counters.SegmentsReceived++;
        if (State == TcpState.SynSent)
            OnSegmentInSynSent(seg, now);
        else if (State == TcpState.TimeWait)
            OnSegmentInTimeWait(seg, now);
        else if (State != TcpState.Closed)
            OnSegmentInSynchronized(seg, now);
        return TakeEffects();
    }

    private void OnSegmentInSynchronized(in TcpSegment seg, Instant now)
    {
        Verdict verdict = CheckSequence(seg, now); // first
        if (verdict == Verdict.Continue)
            verdict = CheckReset(seg); // second
        if (verdict == Verdict.Continue)
            verdict = CheckSyn(seg); // fourth
        if (verdict == Verdict.Continue)
            verdict = CheckAck(seg, now); // fifth
        if (verdict == Verdict.Continue)
            verdict = CheckUrgent(seg); // sixth
        if (verdict == Verdict.Continue)
            verdict = ProcessText(seg, now); // seventh
        if (verdict == Verdict.Continue)
            verdict = CheckFin(seg, now); // eighth

        if (verdict == Verdict.Challenge)
            Challenge(now);
        if (_receiver.AckDelayed && !_receiver.AckNow && !_timers.IsArmed(TcpTimer.DelayedAck))
            Arm(TcpTimer.DelayedAck, now + Config.DelayedAck);
    }

    // Between entering TIME-WAIT and moving to the table the rest of a batch may hold another FIN, or a reset.
    private void OnSegmentInTimeWait(in TcpSegment seg, Instant now)
    {
        if (!seg.Has(TcpFlags.Rst))
        {
            if (seg.Length > 0)
                _receiver.OweAck();
            return;
        }

        ResetVerdict verdict = ResetPolicy.Decide(seg.Seq, _receiver.Next, _receiver.Window);
        if (verdict == ResetVerdict.Reset)
            EnterClosed(UserTcpCloseReason.Graceful, tellPeer: false); // both streams were complete before it came
        else if (verdict == ResetVerdict.Challenge)
            Challenge(now);
    }

    private Verdict CheckSequence(in TcpSegment seg, Instant now)
    {
        bool isReset = seg.Has(TcpFlags.Rst);
        if (seg.Options.HasTimestamps && _receiver.Timestamps.IsStale(seg.Options.TsVal, now) && !isReset)
        {
            Rare.StaleTimestamps++;
            return RejectUnacceptable(seg, now, isStale: true); // RFC 7323 §5.3 (R1)
        }

        // Deviation: a segment without a negotiated timestamp is taken. RFC 7323 §3.2 would drop it, and hang with the
        // peers that leave it out by mistake.
        bool isAcceptable = Acceptability.IsAcceptable(StartOf(seg), LengthAfterSyn(seg), _receiver.Next,
            _receiver.Window);
        if (!isAcceptable && !IsSpecialAllowance(seg))
            return isReset ? Verdict.Drop : RejectUnacceptable(seg, now, isStale: false);

        if (!isAcceptable && seg.Length > 0)
            _receiver.OweAck(); // a window probe: it asks for the window as it is now
        NoteAlive(now);
        return Verdict.Continue;
    }

    // RFC 9293 §3.10.7.4, first: "If the RCV.WND is zero, no segments will be acceptable, but special allowance should
    // be made to accept valid ACKs, URGs, and RSTs" (MUST-66). The number of a bare ACK is the peer's SND.NXT: the
    // right edge itself if it used its window up and a part was lost, and one beyond if a probe or FIN followed. Its
    // ACK and window have to be heard, or two closed windows never open.
    private bool IsSpecialAllowance(in TcpSegment seg)
    {
        const uint edgeAndProbe = 2;
        bool isAtEdge = seg.Length == 0 && !seg.Has(TcpFlags.Rst)
            && seg.Seq.IsIn(_receiver.Next, _receiver.Window + edgeAndProbe);
        return isAtEdge || (_receiver.Window == 0 && StartOf(seg) == _receiver.Next);
    }

    /// <summary>
    /// "If an incoming segment is not acceptable, an acknowledgment should be sent in reply". Each segment that
    /// occupies sequence space gets one, whatever a limit says: its sender may have lost our ACK. So does a keep-alive
    /// probe. If PAWS rejected it, nothing else of it counts: it is an old duplicate, and so is its acknowledgment.
    /// </summary>
    private Verdict RejectUnacceptable(in TcpSegment seg, Instant now, bool isStale)
    {
        bool isProbe = seg.Length == 0 && seg.Seq == _receiver.Next - 1;
        if (seg.Has(TcpFlags.Syn) || (seg.Length == 0 && !isProbe))
            return Verdict.Challenge;

        _receiver.OweDuplicateAck();
        NoteOldOctets(seg);
        if (isStale)
            return Verdict.Drop;
        if (isProbe)
            NoteAlive(now);
        return RepeatsTheLast(seg) ? CheckAck(seg, now) : Verdict.Drop;
    }

    // Deviation from RFC 9293 §3.10.7.4, which drops it: what the peer sent last, text or FIN, comes once more, and its
    // ACK may be the only copy of news that was lost. Linux and FreeBSD hear it, too.
    private bool RepeatsTheLast(in TcpSegment seg) =>
        seg.Length > 0 && seg.End == _receiver.Next && State != TcpState.SynReceived;

    // RFC 9293 §3.8.4 (MUST-26): whoever is heard needs no probe, not even one that is due.
    private void NoteAlive(Instant now)
    {
        _lastReceivedAt = now;
        _keepAliveProbes = 0;
        Settle(Dues.KeepAlive);
    }

    // In a simultaneous open the peer's SYN comes a second time, now with the ACK that completes ours (RFC 9293 §3.5,
    // Figure 8): its SYN lies before the window and is trimmed.
    private bool RepeatsPeerSyn(in TcpSegment seg) =>
        State == TcpState.SynReceived && seg.Has(TcpFlags.Syn | TcpFlags.Ack) && seg.Seq == _receiver.InitialReceive;

    private SeqNumber StartOf(in TcpSegment seg) => RepeatsPeerSyn(seg) ? seg.Seq + 1 : seg.Seq;

    private uint LengthAfterSyn(in TcpSegment seg) => RepeatsPeerSyn(seg) ? seg.Length - 1 : seg.Length;

    private Verdict CheckReset(in TcpSegment seg)
    {
        if (!seg.Has(TcpFlags.Rst))
            return Verdict.Continue;

        switch (ResetPolicy.Decide(seg.Seq, _receiver.Next, _receiver.Window))
        {
            case ResetVerdict.Reset:
                // RFC 9293 §3.5 (MUST-11): what was an active open is refused; a passive one went back to LISTEN
                // earlier.
                EnterClosed(
                    State == TcpState.SynReceived ? UserTcpCloseReason.Refused : UserTcpCloseReason.ResetByPeer,
                    tellPeer: false);
                return Verdict.Drop;
            case ResetVerdict.Challenge:
                return Verdict.Challenge;
            default:
                return Verdict.Drop;
        }
    }

    // RFC 5961 §4.2: a SYN in a synchronized state, old or not, gets a challenge ACK and nothing else.
    private Verdict CheckSyn(in TcpSegment seg) =>
        seg.Has(TcpFlags.Syn) && !RepeatsPeerSyn(seg) ? Verdict.Challenge : Verdict.Continue;

    private Verdict CheckAck(in TcpSegment seg, Instant now)
    {
        if (!seg.Has(TcpFlags.Ack))
            return Verdict.Drop;

        if (State == TcpState.SynReceived)
        {
            if (RepeatsPeerSyn(seg))
                _ecn.OnPeerSyn(seg);
            if (seg.Ack <= _sender.Una || seg.Ack > _sender.Next)
            {
                ReplyReset(seg);
                return Verdict.Drop;
            }

            _sender.OnEstablished(WindowOf(seg), seg.Seq, seg.Ack, now);
            EnterEstablished();
        }

        // RFC 5961 §5.2: SND.UNA − MAX.SND.WND ≤ SEG.ACK ≤ SND.NXT, or a challenge ACK and no further look.
        if (seg.Ack > _sender.Next || _sender.Una - seg.Ack > _sender.MaxWindow)
            return Verdict.Challenge;

        // Not before: with a stamp far ahead whoever guesses a number could have all that follows taken for old.
        if (seg.Options.HasTimestamps)
            _receiver.Timestamps.Update(seg.Options.TsVal, seg.Seq, _receiver.LastAckSent, now);
        if (seg.Ack >= _sender.Una)
            ProcessAck(seg, now);
        return State == TcpState.Closed ? Verdict.Drop : Verdict.Continue;
    }

    private void ProcessAck(in TcpSegment seg, Instant now)
    {
        WindowSize window = WindowOf(seg);
        bool hadWindow = _sender.Window.Bytes > 0;
        AckOutcome outcome = default;
        _unansweredProbes = 0;
        if (seg.Ack == _sender.Una && seg.Options.SackCount == 0 && _sender.IsAtRest && !IsEcho(seg))
            _sender.OnRepeatedAckAtRest(now);
        else
            outcome = JudgeAck(seg, window, now);
        uint covered = outcome.Covered;
        if (covered > 0 || _sender.IsNewerWindow(seg.Seq, seg.Ack))
            _sender.TakeWindow(window, seg.Seq, seg.Ack);
        if (hadWindow && _sender.Window.Bytes == 0)
            Rare.ZeroWindows++;
        if (_sender.Window.Bytes == 0)
            StayAlive(now);
        if (covered > 0)
            OnProgress(covered, now);
        RestartTimers(covered, hadWindow, now);
        TakeEcho(seg, outcome, now);
    }

    private AckOutcome JudgeAck(in TcpSegment seg, WindowSize window, Instant now)
    {
        var facts = new AckFacts
        {
            Ack = seg.Ack,
            EchoedRtt = EchoedRtt(seg, now),
            SackCount = seg.Options.SackCount,
            Sack = seg.Options.Sack,
            IsDuplicate = IsDuplicateAck(seg, window),
            HasEcnEcho = IsEcho(seg),
        };
        if (facts.IsDuplicate)
            Rare.DuplicateAcks++;
        AckOutcome outcome = _sender.OnAck(facts, now);
        Count(outcome.Signs);
        if (outcome.HasPathNews)
            _effects |= Effects.PathMtu;
        return outcome;
    }

    private void Count(LossSigns signs)
    {
        if ((signs & LossSigns.EnteredRecovery) != 0)
            Rare.FastRecoveries++;
        if ((signs & LossSigns.Undone) != 0)
            Rare.SpuriousRecoveries++;
    }

    // RFC 5681 §2. The answers to window probes look the same and say nothing of a loss.
    private bool IsDuplicateAck(in TcpSegment seg, WindowSize window) =>
        seg.Length == 0 && seg.Ack == _sender.Una && window == _sender.Window
        && !_sender.Flight.IsEmpty && !_sender.OnlyProbeOutstanding;

    private WindowSize WindowOf(in TcpSegment seg) =>
        seg.Has(TcpFlags.Syn) ? new WindowSize(seg.Window.Value) : seg.Window << _sender.Scale;

    // RFC 9293 §3.8.6.1 (MUST-37): as long as the peer answers, its window may stay shut for ever. An orphan's may not.
    private void StayAlive(Instant now)
    {
        _sender.OnAliveInClosedWindow();
        if (!IsOrphan)
            _progressAt = now;
    }

    /// <summary>
    /// SND.UNA moved over <paramref name="covered"/> octets: memory goes back, and FIN may be through.
    /// </summary>
    private void OnProgress(uint covered, Instant now)
    {
        _progressAt = now;
        _effects |= Effects.ForwardProgress;
        bool mayWaitForRoom = _send.Unacknowledged >= _send.Limit / 2;
        _ackedPosition = Math.Min(_send.End,
            _ackedPosition + covered - (_sender.Una - (int)covered == _sender.InitialSend ? 1 : 0));
        _send.FreeBelow(_ackedPosition);
        if (!HasUnacknowledged)
            _timers.Stop(TcpTimer.UserTimeout); // it begins anew with the next text
        if (_send.Unacknowledged == 0)
            _chronograph.Enter(SendLimit.Idle, now);
        TuneSendBuffer();
        if (mayWaitForRoom && _send.Unacknowledged < _send.Limit / 2)
            _effects |= Effects.Writable;
        if (_sender.IsFinAcknowledged)
            OnFinAcknowledged(now);
    }

    private void OnFinAcknowledged(Instant now)
    {
        _effects |= Effects.OutputAcknowledged;
        switch (State)
        {
            case TcpState.FinWait1:
                MoveTo(TcpState.FinWait2);
                if (IsOrphan)
                    StartOrphanTimer(now);
                break;
            case TcpState.Closing:
                EnterTimeWait();
                break;
            case TcpState.LastAck:
                EnterClosed(UserTcpCloseReason.Graceful, tellPeer: false);
                break;
        }
    }

    private void Challenge(Instant now)
    {
        if (Config.ChallengeBudget is { } budget && !budget.TryTake(ref _challengeShare, now))
            return;

        Rare.ChallengeAcks++;
        _receiver.OweAck();
    }
}
