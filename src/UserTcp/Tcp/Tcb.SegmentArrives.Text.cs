using UserTcp.Buffers;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp;

/// <content>RFC 9293 §3.10.7.4, sixth to eighth: urgent pointer, text, FIN.</content>
internal sealed partial class Tcb
{
    private Verdict CheckUrgent(in TcpSegment seg)
    {
        bool mayReceive = State is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2;
        if (!seg.Has(TcpFlags.Urg) || !mayReceive)
            return Verdict.Continue;

        if (_receiver.OnUrgent(seg.Seq + seg.UrgentPointer))
            _effects |= Effects.Urgent;
        return Verdict.Continue;
    }

    private Verdict ProcessText(in TcpSegment seg, Instant now)
    {
        bool mayReceive = State is TcpState.Established or TcpState.FinWait1 or TcpState.FinWait2;
        SeqNumber start = StartOfText(seg);
        ReadOnlySpan<byte> text = seg.Text;
        if (!mayReceive || text.IsEmpty || start + (uint)text.Length <= _receiver.Next)
            return Verdict.Continue;

        TakeMark(seg, SegmentsIn(seg));
        if (IsOrphan)
        {
            // nobody will read it: RFC 9293 §3.6.1 (SHLD-3)
            EnterClosed(UserTcpCloseReason.ResetByLocal, tellPeer: true);
            return Verdict.Drop;
        }

        SeqNumber end = _receiver.FinSeen ? SeqNumber.Min(_receiver.RightEdge, _receiver.FinSeq) : _receiver.RightEdge;
        if (start + (uint)text.Length > end)
            text = text[..Math.Max(0, end - start)];
        if (!text.IsEmpty)
            StoreText(seg, start, text, now);
        return Verdict.Continue;
    }

    private void StoreText(in TcpSegment seg, SeqNumber start, ReadOnlySpan<byte> text, Instant now)
    {
        long contiguousEnd = _receive.ContiguousEnd;
        bool hadHole = _receive.OutOfOrder.Count > 0;
        BufferRange known = _receive.FirstKnown(ReceivePosition(start), ReceivePosition(start) + text.Length);
        if (!_receive.TryWrite(ReceivePosition(start), text, out BufferRange stored))
        {
            Rare.ReceiveRefused++;
            // Deviation: not reported, as RFC 2018 §8 asks: it is to be sent again as if it had been lost on the way.
            _receiver.OweDuplicateAck();
            return;
        }

        if (known.Length > 0)
            NoteDuplicate(known);
        if (start > _receiver.Next)
        {
            Rare.OutOfOrderSegments++;
            _receiver.OweDuplicateAck();
            _receiver.Sack.OnStored(ReceivePosition(start), ref _receive.OutOfOrder);
            return;
        }

        long added = _receive.ContiguousEnd - contiguousEnd;
        _counters.BytesReceived += added;
        _receiver.OnInOrder(_receiver.Next + (uint)added, SegmentBytes(seg), SegmentsIn(seg), hadHole);
        NoteArrival(seg, now);
        _effects |= Effects.Readable;
    }

    /// <summary>Old text in a segment that is not acceptable was a duplicate, too (RFC 2883 §4).</summary>
    private void NoteOldOctets(in TcpSegment seg)
    {
        if (seg.Length > 0 && seg.Seq < _receiver.Next && seg.Seq > _receiver.InitialReceive)
        {
            SeqNumber end = SeqNumber.Min(seg.Seq + seg.Length, _receiver.Next);
            NoteDuplicate(new BufferRange(ReceivePosition(seg.Seq), ReceivePosition(end)));
        }
    }

    private void NoteDuplicate(BufferRange run)
    {
        if (_sender.HasSack && Config.LossRecovery.DuplicateSack)
            _receiver.Sack.OnDuplicate(run);
    }

    private static int SegmentBytes(in TcpSegment seg) =>
        seg.CoalescedSegmentSize > 0 ? seg.CoalescedSegmentSize : seg.Text.Length;

    private int SegmentsIn(in TcpSegment seg) =>
        1 + (seg.Text.Length - 1) / Math.Max(1, Math.Min(SegmentBytes(seg), Config.ReceiveMss.Bytes));

    private static SeqNumber StartOfText(in TcpSegment seg) => seg.Has(TcpFlags.Syn) ? seg.Seq + 1 : seg.Seq;

    /// <summary>
    /// FIN may arrive before the text it follows: it is remembered, and takes effect when RCV.NXT reaches it.
    /// </summary>
    private Verdict CheckFin(in TcpSegment seg, Instant now)
    {
        if (_receiver.FinReceived)
            return Verdict.Continue;

        if (seg.Has(TcpFlags.Fin) && !_receiver.FinSeen)
            NoteFin(StartOfText(seg) + (uint)seg.Text.Length, hasText: !seg.Text.IsEmpty);
        if (!_receiver.FinSeen || _receiver.Next != _receiver.FinSeq)
            return Verdict.Continue;

        _receiver.OnFinReceived();
        _receive.Finish();
        _effects |= Effects.Readable;
        switch (State)
        {
            case TcpState.Established:
                MoveTo(TcpState.CloseWait);
                break;
            case TcpState.FinWait1:
                // Our FIN, had it been acknowledged by this segment, would have moved us to FIN-WAIT-2 in the fifth
                // step.
                MoveTo(TcpState.Closing);
                break;
            case TcpState.FinWait2:
                EnterTimeWait();
                break;
        }

        return Verdict.Continue;
    }

    private void NoteFin(SeqNumber seq, bool hasText)
    {
        // Beyond the window, behind text that was acknowledged, or before text that is here: not the end of this
        // stream.
        bool isPlausible = seq >= _receiver.Next && seq <= _receiver.RightEdge
            && ReceivePosition(seq) >= _receive.HighestEnd;
        if (!isPlausible)
            return;

        _receiver.OnFinSeen(seq);
        if (seq != _receiver.Next && !hasText)
            _receiver.OweDuplicateAck(); // with text, the text owed one
    }
}
