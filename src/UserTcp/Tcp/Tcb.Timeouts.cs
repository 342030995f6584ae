using UserTcp.Primitives;

namespace UserTcp.Tcp;

/// <content>RFC 9293 §3.10.8: timeouts, one method per timer.</content>
internal sealed partial class Tcb
{
    public Effects OnTimeout(Instant now)
    {
        while (_timers.TryTakeDue(now, out TcpTimer timer))
        {
            switch (timer)
            {
                case TcpTimer.Retransmit:
                    OnRetransmitTimeout(now);
                    break;
                case TcpTimer.Reordering:
                    OnReorderTimeout(now);
                    break;
                case TcpTimer.TailLossProbe:
                    OnProbeTimeout(now);
                    break;
                case TcpTimer.Persist:
                    OnPersistTimeout();
                    break;
                case TcpTimer.Pacing:
                    break; // what was held back is seen by the pull
                case TcpTimer.DelayedAck:
                    _receiver.OweAck();
                    break;
                case TcpTimer.KeepAlive:
                    OnKeepAliveTimeout(now);
                    break;
                case TcpTimer.OpenTimeout:
                    GiveUp(UserTcpCloseReason.TimedOut);
                    break;
                case TcpTimer.UserTimeout:
                    OnUserTimeout(now);
                    break;
                case TcpTimer.Orphan:
                    OnOrphanTimeout(now);
                    break;
            }
        }

        return TakeEffects();
    }

    /// <summary>RFC 6298 §5.4 to §5.6; R1 and R2 of RFC 9293 §3.8.3 (MUST-20).</summary>
    private void OnRetransmitTimeout(Instant now)
    {
        _sender.EndHoldBack();
        if (_sender.Flight.IsEmpty || TryRepeatSyn())
            return;

        Rare.Timeouts++;
        _sender.OnRetransmitTimeout(now);
        if (_sender.Timer.Retransmissions == Config.R1)
            _effects |= Effects.NegativeAdvice;
        if (!_sender.IsSynAcknowledged)
            Owe(Dues.Syn); // R2 of a SYN is a time (RFC 9293 §3.8.3, MUST-23)
        else if (_sender.Timer.Retransmissions > Config.R2)
            GiveUp(UserTcpCloseReason.TimedOut);
        if (State == TcpState.Closed)
            return;

        _timeoutFrom = now;
        ScheduleLossTimers(now, isProgress: false);
    }

    private void OnReorderTimeout(Instant now)
    {
        Count(_sender.OnReorderTimeout(now));
        ScheduleLossTimers(now, isProgress: false);
    }

    // RFC 8985 §7.3: with or without a probe, the retransmission timer follows.
    private void OnProbeTimeout(Instant now)
    {
        Owe(Dues.TailProbe, _sender.MayProbeTail);
        _timeoutFrom = now;
        Arm(TcpTimer.Retransmit, now + _sender.Timer.Timeout);
    }

    /// <summary>
    /// RFC 9293 §3.8.6.1 (MUST-37): a window may stay shut for as long as the peer acknowledges the probes. Probes that
    /// nobody answers are retransmissions without an answer, and R1 and R2 hold (RFC 9293 §3.8.3, MUST-20).
    /// </summary>
    private void OnPersistTimeout()
    {
        if (IsPersisting && _unansweredProbes > 0 && _unansweredProbes == Config.R1)
            _effects |= Effects.NegativeAdvice;
        IsProbedInVain = IsPersisting && _unansweredProbes >= Config.R2;
        if (IsProbedInVain)
            GiveUp(UserTcpCloseReason.TimedOut);
        else
            Owe(Dues.Override);
    }

    /// <summary>
    /// RFC 9293 §3.8.4 (MUST-26): probes only while nothing else is outstanding or heard. The octet that probes a shut
    /// window does not count: it is answered or not, as a keep-alive is.
    /// </summary>
    private void OnKeepAliveTimeout(Instant now)
    {
        Instant idleUntil = _lastReceivedAt + Live.KeepAliveTime;
        if (!Live.KeepAlive || !IsSynchronized)
            return;

        bool awaitsAck = !_sender.Flight.IsEmpty && !IsPersisting;
        if (_keepAliveProbes == 0 && (idleUntil > now || awaitsAck))
        {
            Arm(TcpTimer.KeepAlive, idleUntil > now ? idleUntil : now + Live.KeepAliveInterval);
            return;
        }

        if (_keepAliveProbes >= Live.KeepAliveProbes) // not by one lost probe: RFC 9293 §3.8.4 (MUST-29)
        {
            GiveUp(UserTcpCloseReason.KeepAliveTimedOut);
            return;
        }

        _keepAliveProbes++;
        Owe(Dues.KeepAlive);
        Arm(TcpTimer.KeepAlive, now + Live.KeepAliveInterval);
    }

    private void OnUserTimeout(Instant now)
    {
        if (Live.UserTimeout is not { } limit || !HasUnacknowledged)
            return;

        if (now - _progressAt >= limit)
            GiveUp(UserTcpCloseReason.TimedOut);
        else
            Arm(TcpTimer.UserTimeout, _progressAt + limit);
    }

    /// <summary>
    /// Nobody waits for this connection: FIN-WAIT-2, and a peer that takes nothing more, end here. One that still takes
    /// what was written gets the time again.
    /// </summary>
    private void OnOrphanTimeout(Instant now)
    {
        bool progresses = State != TcpState.FinWait2 && now - _progressAt < Live.OrphanTimeout;
        if (progresses)
            Arm(TcpTimer.Orphan, _progressAt + Live.OrphanTimeout);
        else
            GiveUp(UserTcpCloseReason.TimedOut);
    }

    /// <summary>The peer does not answer. An error that the network reported meanwhile says why.</summary>
    private void GiveUp(UserTcpCloseReason reason)
    {
        bool isExplained = _softError != UserTcpCloseReason.None && reason == UserTcpCloseReason.TimedOut;
        EnterClosed(isExplained ? _softError : reason, tellPeer: IsSynchronized);
    }

    private bool HasUnacknowledged => !_sender.Flight.IsEmpty || _send.Unacknowledged > 0;

    /// <summary>
    /// RFC 6298 §5.2, §5.3, RFC 6928 §9: the ACK of something new starts the timer again, or stops it.
    /// </summary>
    private void RestartTimers(uint covered, bool hadWindow, Instant now)
    {
        if (State is TcpState.Closed or TcpState.TimeWait)
            return;

        if (covered > 0)
            _timeoutFrom = now;
        ScheduleLossTimers(now, isProgress: covered > 0);

        if (_sender.Window.Bytes > 0)
        {
            // The override of SWS avoidance runs on: a peer that keeps sending would put it off for ever.
            if (covered > 0 || !hadWindow)
                _timers.Stop(TcpTimer.Persist);
            _persistProbes = 0;
        }
        else
        {
            ArmIdleTimers(now);
        }
    }

    /// <summary>
    /// One of three waits for an ACK: the reordering timer, the probe timer, or the retransmission timer, which the
    /// others never outlast (RFC 8985 §8).
    /// </summary>
    /// <param name="now">The time.</param>
    /// <param name="isProgress">Whether new text left or was acknowledged, which is when a probe is put off.</param>
    private void ScheduleLossTimers(Instant now, bool isProgress)
    {
        if (_sender.Ecn.IsHeldBack)
            return; // the retransmission timer runs on: it is what the sender waits for

        bool isProbeSet = _timers.IsArmed(TcpTimer.TailLossProbe);
        _timers.Stop(TcpTimer.Reordering);
        if (_sender.Flight.IsEmpty || IsPersisting)
        {
            _timers.Stop(TcpTimer.TailLossProbe);
            _timers.Stop(TcpTimer.Retransmit);
            return;
        }

        Instant timeout = _timeoutFrom + _sender.Timer.Timeout;
        TcpTimer timer = TcpTimer.Retransmit;
        if (_sender.Loss.ReorderDeadline < timeout)
        {
            timer = TcpTimer.Reordering;
            timeout = _sender.Loss.ReorderDeadline;
        }
        else if (_sender.MayProbeTail)
        {
            timer = TcpTimer.TailLossProbe;
            timeout = isProgress || !isProbeSet ? Instant.Min(now + _sender.ProbeTimeout, timeout) : _timers[timer];
        }

        _timers.Stop(TcpTimer.TailLossProbe);
        _timers.Stop(TcpTimer.Retransmit);
        Arm(timer, Instant.Max(timeout, now));
    }

    /// <summary>A closed window with nothing outstanding but a probe's octet: the persist timer, not RTO.</summary>
    private bool IsPersisting =>
        _sender.Window.Bytes == 0 && (_sender.Flight.IsEmpty || _sender.OnlyProbeOutstanding) && !Owes(Dues.Syn)
        && _sender.IsSynAcknowledged;

    /// <summary>Nothing more can leave now: what waits is given a timer that will look again.</summary>
    private void ArmIdleTimers(Instant now)
    {
        if (!MaySendText)
            return;

        bool waits = SendPosition(_sender.Next) < _send.End || (_finQueued && !_sender.FinSent)
            || _sender.OnlyProbeOutstanding;
        bool needsPersist = waits && !_timers.IsArmed(TcpTimer.Pacing) && (_sender.Flight.IsEmpty || IsPersisting);
        if (needsPersist && !_timers.IsArmed(TcpTimer.Persist))
            Arm(TcpTimer.Persist, now + _sender.Timer.PersistInterval(_persistProbes));
        else if (!needsPersist)
            _timers.Stop(TcpTimer.Persist);
        StartUserTimeout(now);
    }

    private void StartUserTimeout(Instant now)
    {
        if (Live.UserTimeout is { } limit && HasUnacknowledged && !_timers.IsArmed(TcpTimer.UserTimeout))
        {
            _progressAt = now;
            Arm(TcpTimer.UserTimeout, now + limit);
        }
    }
}
