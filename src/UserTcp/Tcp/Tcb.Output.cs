using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Tcp.Receive;
using UserTcp.Tcp.Send;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <content>The pull: what is the next segment? All events have been taken in by then (RFC 9293 §3.10.7.4,
/// MUST-59).</content>
internal sealed partial class Tcb
{
    // What our SYN promised before the peer's number was known.
    private WireWindow _synWindow;

    // In a simultaneous open: the first SYN-ACK answers the peer's SYN, and says nothing of ours being lost.
    private bool _synAckSent;

    /// <summary>
    /// Plans the next segment, and takes note of it as sent. False when there is nothing to send now.
    /// </summary>
    public bool TryNextSegment(Instant now, out SegmentPlan plan)
    {
        bool planned = TryPlan(now, out plan);
        if (planned)
        {
            _counters.SegmentsSent++;
        }
        else
        {
            ArmIdleTimers(now);
            _chronograph.Enter(CurrentSendLimit(), now);
        }

        AssertInvariants();
        return planned;
    }

    private bool TryPlan(Instant now, out SegmentPlan plan)
    {
        plan = default;
        if (Owes(Dues.ReplyReset) && !(Owes(Dues.Syn) && State == TcpState.SynReceived)) // the SYN-ACK was owed before
            return PlanReplyReset(ref plan);
        if (Owes(Dues.Reset))
            return PlanReset(now, ref plan);
        if (State == TcpState.Closed)
            return Owes(Dues.LastAck) && PlanLastAck(now, ref plan);
        if (Owes(Dues.Syn))
            return PlanSyn(now, ref plan);
        if (State is TcpState.SynSent or TcpState.SynReceived)
            return _receiver.AckNow && State == TcpState.SynReceived && PlanAck(now, isDuplicate: false, ref plan);
        if (_receiver.DuplicateAcksOwed > 0)
            return PlanAck(now, isDuplicate: true, ref plan);
        if (MaySendText && TryPlanText(now, ref plan))
            return true;
        if (Owes(Dues.KeepAlive))
            return PlanKeepAlive(now, ref plan);

        return _receiver.AckNow && PlanAck(now, isDuplicate: false, ref plan);
    }

    /// <summary>RFC 9293 §3.10.7.3: &lt;SEQ=SEG.ACK&gt;&lt;CTL=RST&gt;.</summary>
    private bool PlanReplyReset(ref SegmentPlan plan)
    {
        Settle(Dues.ReplyReset);
        plan.Seq = _replyResetSeq;
        plan.Flags = TcpFlags.Rst;
        plan.Options = _replyResetOptions!.Value;
        return true;
    }

    /// <summary>
    /// RFC 9293 §3.10.5: &lt;SEQ=SND.NXT&gt;&lt;CTL=RST&gt;; with the ACK the peer can tell that it is ours. An octet
    /// that only probed a closed window is not counted: the peer most likely refused it, and resets at RCV.NXT only.
    /// </summary>
    private bool PlanReset(Instant now, ref SegmentPlan plan)
    {
        Settle(Dues.Reset);
        plan.Seq = _sender.OnlyProbeOutstanding ? _sender.Una : _sender.Next;
        plan.Ack = _receiver.Next;
        plan.Flags = TcpFlags.Rst | TcpFlags.Ack;
        AddTimestamps(now, ref plan); // RFC 7323 §5.2
        return true;
    }

    private bool PlanSyn(Instant now, ref SegmentPlan plan)
    {
        bool isReply = State == TcpState.SynReceived;
        Settle(Dues.Syn);
        plan.IsRetransmission = !_sender.Flight.IsEmpty && !(isReply && !_synAckSent);
        _synAckSent |= isReply;
        if (plan.IsRetransmission)
            Rare.Retransmits++;
        _sender.OnSynSent(now, isLost: plan.IsRetransmission && _synChallenge != SynChallenge.Repeating);
        if (_synChallenge == SynChallenge.Repeating)
            _synChallenge = SynChallenge.Over;
        _synWindow = new WindowSize((uint)_receive.Capacity) >> WindowScale.None;
        plan.Seq = _sender.InitialSend;
        plan.Flags = isReply
            ? TcpFlags.Syn | TcpFlags.Ack | _ecn.Answer(Config.Ecn)
            : TcpFlags.Syn | _ecn.Offer(Config.Ecn, maySucceed: _sender.Timer.Retransmissions < Config.EcnSyns);
        plan.Window = _synWindow;
        plan.Options = SynOptions.Of(Config, TimestampNow(now));
        if (isReply)
        {
            plan.Ack = _receiver.Next;
            SynOptions.Answer(ref plan.Options, _sender.HasSack, _receiver.Timestamps, _peerScales);
            _receiver.OnAckSent(_synWindow, WindowScale.None, isDuplicate: false);
        }

        if (!_timers.IsArmed(TcpTimer.Retransmit))
        {
            _timeoutFrom = now;
            Arm(TcpTimer.Retransmit, now + _sender.Timer.Timeout);
        }

        return true;
    }

    private bool PlanAck(Instant now, bool isDuplicate, ref SegmentPlan plan)
    {
        plan.Seq = _sender.Next;
        plan.Flags = TcpFlags.Ack;
        AddAcknowledgment(now, isDuplicate, ref plan);
        return true;
    }

    private bool PlanLastAck(Instant now, ref SegmentPlan plan)
    {
        Settle(Dues.LastAck);
        return PlanAck(now, isDuplicate: false, ref plan);
    }

    /// <summary>
    /// RFC 9293 §3.8.4: SEG.SEQ = SND.NXT − 1 and no text (SHLD-12), which no receiver finds acceptable and all answer.
    /// </summary>
    private bool PlanKeepAlive(Instant now, ref SegmentPlan plan)
    {
        Settle(Dues.KeepAlive);
        PlanAck(now, isDuplicate: false, ref plan);
        // The peer most likely refused an octet that probes its shut window, and would find what follows acceptable.
        plan.Seq = (_sender.OnlyProbeOutstanding ? _sender.Una : _sender.Next) - 1;
        return true;
    }

    private bool TryPlanText(Instant now, ref SegmentPlan plan)
    {
        SendOffer offer = Offer(SackOptionBytes());
        _sender.RestartIfIdle(now);
        SendChoice choice = SendChooser.Choose(_sender, offer, now);
        _sender.Note(choice, now);
        Settle(Dues.Override | Dues.TailProbe);
        if (!choice.IsNone && !offer.Override && _sender.IsHeld(choice, now))
        {
            Arm(TcpTimer.Pacing, _sender.ReleaseAt);
            return false;
        }

        _timers.Stop(TcpTimer.Pacing);
        if (choice.IsNone || !CutToPieces(ref choice))
            return false;

        if (choice.IsTailProbe)
            Rare.TailLossProbes++;
        _persistProbes += choice.IsProbe ? 1 : 0;
        _unansweredProbes += choice.IsProbe ? 1 : 0;
        PlanText(now, choice, offer, ref plan);
        return true;
    }

    /// <summary>
    /// A frame gathers two pieces of memory at most; a segment that would need a third is cut there. Up to the end of
    /// urgent text each segment leaves alone: devices repeat the pointer of a super-segment, which is right for its
    /// first segment only.
    /// </summary>
    private bool CutToPieces(ref SendChoice choice)
    {
        if (choice.Text == 0)
            return true;

        long position = SendPosition(choice.Seq);
        int most = position < _urgentPosition ? Math.Min(choice.Text, choice.SegmentSize) : choice.Text;
        int covered = _send.Gather(position, most, out _, out _);
        if (covered >= choice.Text)
            return true;

        int full = covered - covered % choice.SegmentSize;
        choice.Text = full > 0 ? full : covered;
        choice.Fin = false;
        return choice.Text > 0;
    }

    private void PlanText(Instant now, in SendChoice choice, in SendOffer offer, ref SegmentPlan plan)
    {
        plan.PayloadOffset = SendPosition(choice.Seq);
        bool isNew = choice.Seq == _sender.Next && choice.Text > 0 && !choice.IsProbe;
        if (choice.FlightIndex < 0 && choice.Seq != _sender.Next)
            _sender.TakeBackProbe();
        plan.Seq = choice.Seq;
        plan.PayloadLength = choice.Text;
        plan.SegmentSize = choice.Text > choice.SegmentSize ? choice.SegmentSize : choice.Text;
        plan.IsRetransmission = choice.FlightIndex >= 0;
        plan.Flags = TcpFlags.Ack;
        SeqNumber end = choice.Seq + (uint)choice.Text;
        if (choice.Text > 0 && end == offer.DataEnd)
            plan.Flags |= TcpFlags.Psh; // RFC 9293 §3.9.1.2 (MUST-61)
        if (choice.Fin)
            plan.Flags |= TcpFlags.Fin;
        AddUrgent(ref plan);
        if (isNew)
            AddEcn(ref plan);
        if (_sender.Flight.IsEmpty || choice.FlightIndex == 0 || choice.IsTailProbe)
            _timeoutFrom = now; // RFC 6298 §5: nothing is sent again before a timeout has passed since it left
        _sender.Commit(choice, now);
        Count(plan, now);
        AddAcknowledgment(now, isDuplicate: false, ref plan);
        ScheduleLossTimers(now, isProgress: choice.FlightIndex < 0);
    }

    private void Count(in SegmentPlan plan, Instant now)
    {
        _counters.BytesSent += plan.PayloadLength;
        if (plan.PayloadLength > 0)
            _counters.LastTextSentAt = now;
        if (!plan.IsRetransmission)
            return;

        Rare.Retransmits += plan.SegmentSize == 0 ? 1
            : (plan.PayloadLength + plan.SegmentSize - 1) / plan.SegmentSize;
        Rare.BytesRetransmitted += plan.PayloadLength;
    }

    /// <summary>
    /// RFC 9293 §3.8.5 (MUST-30, MUST-62): the pointer indicates the octet after the urgent data. An end that lies too
    /// far ahead for the field is announced by the farthest pointer, if that lies in text which is still to be sent.
    /// </summary>
    private void AddUrgent(ref SegmentPlan plan)
    {
        long ahead = _urgentPosition - plan.PayloadOffset;
        bool isTooFar = ahead > ushort.MaxValue && plan.Seq + ushort.MaxValue <= _sender.Next;
        if (ahead <= 0 || isTooFar)
            return;

        plan.Flags |= TcpFlags.Urg;
        plan.UrgentPointer = (ushort)Math.Min(ahead, ushort.MaxValue);
    }

    /// <summary>The acknowledgment, the window and the options: after this nothing is owed.</summary>
    private void AddAcknowledgment(Instant now, bool isDuplicate, ref SegmentPlan plan)
    {
        plan.Ack = _receiver.Next;
        plan.Window = isDuplicate ? DuplicateWindow() : WindowPolicy.Next(WindowFacts());
        if (_receiver.Echo.IsDue)
            plan.Flags |= TcpFlags.Ece;
        AddTimestamps(now, ref plan);
        AddSack(ref plan.Options);
        _receiver.OnAckSent(plan.Window, _receiver.Scale, isDuplicate);
        _timers.Stop(TcpTimer.DelayedAck);
    }

    private void AddTimestamps(Instant now, ref SegmentPlan plan)
    {
        if (!HasTimestamps)
            return;

        plan.Options.HasTimestamps = true;
        plan.Options.TsVal = TimestampNow(now);
        plan.Options.TsEcr = _receiver.Timestamps.Recent;
    }

    private WindowFacts WindowFacts() => new(
        _receive.Capacity, _receive.Unexamined, _receiver.Window, _receiver.FullSegment, _receiver.Scale,
        _receive.IsUnderPressure);

    // RFC 5681 §2 counts an ACK as duplicate only if its window did not change: the promise is repeated as it stands.
    private WireWindow DuplicateWindow() =>
        new WindowSize(_receiver.Window + (1u << _receiver.Scale.Shift) - 1) >> _receiver.Scale;

    private int MaxSackBlocks => HasTimestamps ? SackBlocks.MaxBlocks - 1 : SackBlocks.MaxBlocks;

    private int SackOptionBytes()
    {
        int blocks = _receive.OutOfOrder.Count + (_receiver.Sack.Duplicates > 0 ? 1 : 0);
        if (!_sender.HasSack || blocks == 0)
            return 0;

        const int Kind = 4; // two NOPs, kind and length
        return Kind + 8 * Math.Min(blocks, MaxSackBlocks);
    }

    private void AddSack(ref TcpOptions options)
    {
        if (!_sender.HasSack || (_receive.OutOfOrder.Count == 0 && _receiver.Sack.Duplicates == 0))
            return;

        Span<BufferRange> ranges = stackalloc BufferRange[SackBlocks.MaxBlocks];
        int count = _receiver.Sack.Take(ranges[..MaxSackBlocks], ref _receive.OutOfOrder);
        for (int i = 0; i < count; i++)
        {
            SeqNumber right = ReceiveSeq(ranges[i].End);
            if (_receiver.FinSeen && right == _receiver.FinSeq)
                right += 1; // FIN was kept too
            if (SackBlock.TryCreate(ReceiveSeq(ranges[i].Start), right, out SackBlock block))
                options.Sack[options.SackCount++] = block;
        }
    }
}
