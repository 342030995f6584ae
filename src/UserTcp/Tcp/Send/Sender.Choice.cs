using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>Which stretch of the sequence space is sent next. Nothing here changes anything.</content>
internal sealed partial class Sender
{
    /// <summary>Octets per second at which segments leave now; 0 where they are not paced.</summary>
    public double PacingRate
    {
        get
        {
            if (!config.Pacing || Congestion is not { } control || !Rtt.HasSample)
                return 0;
            if (control.PacingRate is { } rate)
                return double.IsFinite(rate) && rate > 0 ? rate : 0;

            long window = Math.Max(CongestionWindow, BytesInFlight);
            return Pacer.DefaultRate(window, control.SlowStartThreshold, Rtt.Smoothed);
        }
    }

    /// <summary>When what is held back may leave.</summary>
    public Instant ReleaseAt => _pacer.ReleaseAt;

    /// <summary>The most that one plan may carry at the pace.</summary>
    public int PacedGsoBytes(int maxGsoBytes)
    {
        double rate = PacingRate;
        return rate > 0 ? Math.Min(maxGsoBytes, Pacer.BurstBytes(rate, SegmentSize)) : maxGsoBytes;
    }

    /// <summary>
    /// Whether the pace holds the choice back. Never a probe, a lone FIN, or the first segment that recovery sends
    /// again.
    /// </summary>
    public bool IsHeld(in SendChoice choice, Instant now)
    {
        bool isExempt = choice.IsProbe || choice.IsTailProbe || choice.Text == 0
            || (choice.FlightIndex >= 0 && Loss.MustRetransmitFirst);
        return !isExempt && _pacer.IsHeld(now) && PacingRate > 0;
    }

    /// <summary>
    /// Chooses what to send now: a probe of the flight's end or of the path if one is due, what was lost, what is new,
    /// an octet into a closed window. Then <see cref="Note"/>, and <see cref="Commit"/> if the choice leaves.
    /// </summary>
    public SendChoice Choose(in SendOffer offer, Instant now)
    {
        var notes = ChoiceNotes.None;
        SendChoice choice = default;
        if (offer.IsTailProbeDue && MayProbeTail)
            choice = ChooseTailProbe(offer, ref notes);
        bool savesForProbe = false;
        if (choice.IsNone)
            choice = ChoosePathProbe(offer, now, ref notes, out savesForProbe);
        if (choice.IsNone)
            choice = ChooseText(offer, savesForProbe, ref notes);
        if (choice.IsNone && offer.IsWindowProbeDue)
            choice = ChooseWindowProbe(offer);
        choice.Notes = notes;
        return choice;
    }

    /// <summary>
    /// A tail loss probe: a segment of new text, whatever cwnd says, else the last one again (RFC 8985 §7.3).
    /// </summary>
    private SendChoice ChooseTailProbe(in SendOffer offer, ref ChoiceNotes notes)
    {
        int size = Math.Max(1, SegmentSize - offer.ExtraOptionBytes);
        SendOffer single = offer with { MaxGsoBytes = 0, Override = true };
        SendChoice choice = ChooseNew(single, Math.Max(Room, size), ref notes);
        if (choice.IsNone)
            choice = ChooseTail(size);
        choice.IsTailProbe = true;
        return choice;
    }

    private SendChoice ChooseTail(int size)
    {
        int index = Flight.FindTail(size, out SentSegment tail);
        return index < 0 ? default : FitLost(tail, index, size, size);
    }

    /// <summary>
    /// A segment of new text that is larger than the others, to see whether it arrives (RFC 4821 §7.4): nothing is
    /// missing, and enough follows that its loss is noticed without a timeout.
    /// </summary>
    /// <param name="offer">The facts.</param>
    /// <param name="now">The time.</param>
    /// <param name="notes">What was noticed.</param>
    /// <param name="saves">
    /// Whether new text waits until there is room for a probe, which is larger than what each ACK makes room for.
    /// </param>
    private SendChoice ChoosePathProbe(in SendOffer offer, Instant now, ref ChoiceNotes notes, out bool saves)
    {
        saves = false;
        bool isQuiet = Loss.State == RecoveryState.Open && Flight.SackedBytes == 0 && Flight.LostBytes == 0
            && !FinSent && !_ecn.IsHeldBack && !OnlyProbeOutstanding && !Flight.IsFull;
        if (!config.BlackHoleDetection || !isQuiet)
            return default;
        if (!_path.TryNext(PeerMss.Bytes, now, out int size, out bool isFound))
        {
            notes |= isFound ? ChoiceNotes.PathFound : ChoiceNotes.None;
            return default;
        }

        int text = size - _optionBytes - offer.ExtraOptionBytes;
        long needed = text + LossDetection.DupThresh * (long)SegmentSize;
        if (offer.DataEnd - Next < needed || Window.Bytes < needed || CongestionWindow < needed)
            return default;

        saves = Math.Min(Room, UsableWindow) < text;
        return saves
            ? default
            : new SendChoice { Seq = Next, Text = text, FlightIndex = -1, SegmentSize = text, PathProbe = size };
    }

    /// <summary>
    /// What was lost first, then what is new; right after a timeout the other way round (RFC 5682 §2.1).
    /// </summary>
    private SendChoice ChooseText(in SendOffer offer, bool savesForProbe, ref ChoiceNotes notes)
    {
        bool mayBegin = !savesForProbe;
        SendChoice choice = default;
        if (Loss.PrefersNewText)
        {
            choice = mayBegin ? ChooseNew(offer, Room, ref notes) : default;
            if (choice.IsNone && Next == Loss.RecoveryPoint)
                notes |= ChoiceNotes.GivesUpForward;
        }

        if (choice.IsNone)
            choice = ChooseLost(offer);
        return choice.IsNone && mayBegin ? ChooseNew(offer, Room, ref notes) : choice;
    }

    private SendChoice ChooseLost(in SendOffer offer)
    {
        int index = Flight.IndexOfLost();
        if (index < 0)
            return default;

        ref SentSegment lost = ref Flight[index];
        int size = Math.Max(1, SegmentSize - offer.ExtraOptionBytes);
        long limit = Math.Min(lost.Length, Math.Max(size, offer.MaxGsoBytes / size * size));
        if (limit > size && !Loss.MustRetransmitFirst)
            limit = Math.Max(size, Math.Min(limit, Room / size * size));
        if (Loss.MustRetransmitFirst)
            limit = Math.Min(limit, size);
        bool waits = !Loss.MustRetransmitFirst && Room < Math.Min(limit, size) && BytesInFlight > 0;
        return waits ? default : FitLost(lost, index, size, limit);
    }

    // RFC 9293 §3.8.6 (SHLD-16): old data is sent again within the window; the oldest octet even if the window is shut.
    private SendChoice FitLost(in SentSegment lost, int index, int size, long limit)
    {
        long allowed = (Una + Window.Bytes) - lost.Seq;
        bool hasFin = lost.Has(SentFlags.Fin);
        long text = lost.Length - (hasFin ? 1 : 0);
        var choice = new SendChoice { Seq = lost.Seq, FlightIndex = index, SegmentSize = size };
        choice.Text = (int)Math.Min(Math.Min(text, limit), Math.Max(allowed, lost.Seq == Una ? 1 : 0));
        choice.Fin = hasFin && choice.Text == text;
        return choice;
    }

    private SendChoice ChooseNew(in SendOffer offer, int room, ref ChoiceNotes notes)
    {
        bool retakesProbe = OnlyProbeOutstanding && Window.Bytes > 0 && !Flight[0].Has(SentFlags.Fin);
        SeqNumber seq = retakesProbe ? Una : Next;
        int size = Math.Max(1, SegmentSize - offer.ExtraOptionBytes);
        int queued = Math.Max(0, offer.DataEnd - seq);
        bool waitsForWindow = OnlyProbeOutstanding && !retakesProbe; // FIN, too, leaves with the probe's octet
        if (queued == 0 && Flight.LostBytes == 0 && room > 0)
            notes |= ChoiceNotes.AppLimited;
        if (FinSent || waitsForWindow || _ecn.IsHeldBack || Flight.IsFull || (queued == 0 && !offer.FinQueued))
            return default;

        int text = SendDecision.Decide(
            new SendFacts
            {
                Queued = queued,
                UsableWindow = (int)((long)Window.Bytes - (seq - Una)),
                CongestionRoom = room,
                SegmentSize = size,
                MaxText = Math.Max(size, offer.MaxGsoBytes / size * size),
                MaxWindow = MaxWindow,
                NothingOutstanding = seq == Una,
                PartOutstanding = _isPartOutstanding,
                NoDelay = offer.NoDelay,
                Corked = offer.Corked,
                FinQueued = offer.FinQueued,
                Override = offer.Override,
            },
            out bool isLimited);
        notes |= isLimited ? ChoiceNotes.CongestionLimited : ChoiceNotes.None;
        return new SendChoice
        {
            Seq = seq,
            Text = text,
            Fin = offer.FinQueued && text == queued, // FIN may lie one octet beyond the window
            FlightIndex = -1,
            SegmentSize = size,
        };
    }

    /// <summary>
    /// One octet beyond a closed window (RFC 9293 §3.8.6.1, MUST-36): the first unsent one, or the outstanding one.
    /// </summary>
    private SendChoice ChooseWindowProbe(in SendOffer offer)
    {
        if (Flight.IsEmpty && offer.DataEnd <= Next)
            return default;

        var choice = new SendChoice { Seq = Next, Text = 1, FlightIndex = -1, SegmentSize = 1, IsProbe = true };
        if (Flight.IsEmpty)
            return choice;

        choice.Seq = Una;
        choice.FlightIndex = 0;
        choice.Fin = Flight[0].Has(SentFlags.Fin) && Flight[0].Length == 1;
        choice.Text = choice.Fin ? 0 : 1;
        return choice;
    }
}
