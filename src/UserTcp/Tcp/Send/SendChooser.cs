using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Chooses the stretch of the sequence space that is sent next: functions of the sender as it is, without an effect
/// that can be seen.
/// </summary>
internal static class SendChooser
{
    /// <summary>
    /// Chooses what to send now: a probe of the flight's end or of the path if one is due, what was lost, what is new,
    /// an octet into a closed window. Then <see cref="Sender.Note"/>, and <see cref="Sender.Commit"/> if the choice
    /// leaves.
    /// </summary>
    public static SendChoice Choose(Sender sender, in SendOffer offer, Instant now)
    {
        var notes = ChoiceNotes.None;
        SendChoice choice = default;
        if (offer.IsTailProbeDue && sender.MayProbeTail)
            choice = ChooseTailProbe(sender, offer, ref notes);
        if (choice.IsNone)
            choice = ChoosePathProbe(sender, offer, now, ref notes);
        if (choice.IsNone)
            choice = ChooseText(sender, offer, ref notes);
        if (choice.IsNone && offer.IsWindowProbeDue)
            choice = ChooseWindowProbe(sender, offer);
        choice.Notes = notes;
        return choice;
    }

    /// <summary>
    /// The entry that was sent last, for a probe; −1 if there is none to be sent again.
    /// </summary>
    /// <param name="flight">The flight.</param>
    /// <param name="segmentSize">Text per segment.</param>
    /// <param name="tail">The part of the entry that is to be sent: its end, a segment at most.</param>
    public static int FindTail(Flight flight, int segmentSize, out SentSegment tail)
    {
        int last = flight.Count - 1;
        tail = last < 0 ? default : flight[last];
        if (last < 0 || tail.Has(SentFlags.Sacked))
            return -1;

        uint fin = tail.Has(SentFlags.Fin) ? 1u : 0u;
        uint excess = (tail.Length - fin) % (uint)segmentSize;
        uint length = (excess == 0 ? Math.Min((uint)segmentSize, tail.Length - fin) : excess) + fin;
        if (tail.Length <= length || !flight.MaySplit)
            return last;

        tail.Seq = tail.End - (int)length;
        tail.Length = length;
        return last;
    }

    /// <summary>
    /// A tail loss probe: a segment of new text, whatever cwnd says, else the last one again (RFC 8985 §7.3).
    /// </summary>
    private static SendChoice ChooseTailProbe(Sender sender, in SendOffer offer, ref ChoiceNotes notes)
    {
        int size = Math.Max(1, sender.SegmentSize - offer.ExtraOptionBytes);
        SendOffer single = offer with { MaxGsoBytes = 0, Override = true };
        SendChoice choice = ChooseNew(sender, single, Math.Max(sender.Room, size), ref notes);
        if (choice.IsNone)
            choice = ChooseTail(sender, size);
        choice.IsTailProbe = true;
        return choice;
    }

    private static SendChoice ChooseTail(Sender sender, int size)
    {
        int index = FindTail(sender.Flight, size, out SentSegment tail);
        return index < 0 ? default : FitLost(sender, tail, index, size, size);
    }

    /// <summary>
    /// A segment of new text that is larger than the others, to see whether it arrives (RFC 4821 §7.4): nothing is
    /// missing, and enough follows that its loss is noticed without a timeout.
    /// </summary>
    private static SendChoice ChoosePathProbe(Sender sender, in SendOffer offer, Instant now, ref ChoiceNotes notes)
    {
        Flight flight = sender.Flight;
        bool isQuiet = sender.Loss.State == RecoveryState.Open && flight.SackedBytes == 0 && flight.LostBytes == 0
            && !sender.FinSent && !sender.Ecn.IsHeldBack && !sender.OnlyProbeOutstanding && !flight.IsFull;
        if (!sender.ProbesPath || !isQuiet)
            return default;
        if (!sender.Path.TryNext(sender.PeerMss.Bytes, now, out int size, out bool isFound))
        {
            notes |= isFound ? ChoiceNotes.PathFound : ChoiceNotes.None;
            return default;
        }

        int text = size - sender.OptionBytes - offer.ExtraOptionBytes;
        long needed = text + LossDetection.DupThresh * (long)sender.SegmentSize;
        if (offer.DataEnd - sender.Next < needed || sender.Window.Bytes < needed || sender.CongestionWindow < needed)
            return default;

        bool saves = Math.Min(sender.Room, sender.UsableWindow) < text;
        notes |= saves ? ChoiceNotes.SavesForProbe : ChoiceNotes.None;
        return saves
            ? default
            : new SendChoice { Seq = sender.Next, Text = text, FlightIndex = -1, SegmentSize = text, PathProbe = size };
    }

    /// <summary>
    /// Lost text first, then new text; right after a timeout the other way round (RFC 5682 §2.1).
    /// </summary>
    private static SendChoice ChooseText(Sender sender, in SendOffer offer, ref ChoiceNotes notes)
    {
        bool mayBegin = (notes & ChoiceNotes.SavesForProbe) == 0;
        SendChoice choice = default;
        if (sender.Loss.PrefersNewText)
        {
            choice = mayBegin ? ChooseNew(sender, offer, sender.Room, ref notes) : default;
            if (choice.IsNone && sender.Next == sender.Loss.RecoveryPoint)
                notes |= ChoiceNotes.GivesUpForward;
        }

        if (choice.IsNone)
            choice = ChooseLost(sender, offer);
        return choice.IsNone && mayBegin ? ChooseNew(sender, offer, sender.Room, ref notes) : choice;
    }

    private static SendChoice ChooseLost(Sender sender, in SendOffer offer)
    {
        int index = sender.Flight.IndexOfLost();
        if (index < 0)
            return default;

        ref readonly SentSegment lost = ref sender.Flight[index];
        int size = Math.Max(1, sender.SegmentSize - offer.ExtraOptionBytes);
        long limit = Math.Min(lost.Length, Math.Max(size, offer.MaxGsoBytes / size * size));
        if (limit > size && !sender.Loss.MustRetransmitFirst)
            limit = Math.Max(size, Math.Min(limit, sender.Room / size * size));
        if (sender.Loss.MustRetransmitFirst)
            limit = Math.Min(limit, size);
        bool hasRoom = sender.Room >= Math.Min(limit, size) || sender.BytesInFlight == 0;
        return !hasRoom && !sender.Loss.MustRetransmitFirst ? default : FitLost(sender, lost, index, size, limit);
    }

    // RFC 9293 §3.8.6 (SHLD-16): old data is sent again within the window; the oldest octet even if the window is shut.
    private static SendChoice FitLost(Sender sender, in SentSegment lost, int index, int size, long limit)
    {
        long allowed = (sender.Una + sender.Window.Bytes) - lost.Seq;
        bool hasFin = lost.Has(SentFlags.Fin);
        long text = lost.Length - (hasFin ? 1 : 0);
        var choice = new SendChoice { Seq = lost.Seq, FlightIndex = index, SegmentSize = size };
        choice.Text = (int)Math.Min(Math.Min(text, limit), Math.Max(allowed, lost.Seq == sender.Una ? 1 : 0));
        choice.Fin = hasFin && choice.Text == text;
        return choice;
    }

    private static SendChoice ChooseNew(Sender sender, in SendOffer offer, int room, ref ChoiceNotes notes)
    {
        Flight flight = sender.Flight;
        bool retakesProbe = sender.OnlyProbeOutstanding && sender.Window.Bytes > 0 && !flight[0].Has(SentFlags.Fin);
        SeqNumber seq = retakesProbe ? sender.Una : sender.Next;
        int size = Math.Max(1, sender.SegmentSize - offer.ExtraOptionBytes);
        int queued = Math.Max(0, offer.DataEnd - seq);
        bool waitsForWindow = sender.OnlyProbeOutstanding && !retakesProbe; // FIN, too, leaves with the probe's octet
        if (queued == 0 && flight.LostBytes == 0 && room > 0)
            notes |= ChoiceNotes.AppLimited;
        bool isDone = sender.FinSent || (queued == 0 && !offer.FinQueued);
        if (isDone || waitsForWindow || sender.Ecn.IsHeldBack || flight.IsFull)
            return default;

        int text = SendDecision.Decide(
            new SendFacts
            {
                Queued = queued,
                UsableWindow = (int)((long)sender.Window.Bytes - (seq - sender.Una)),
                CongestionRoom = room,
                SegmentSize = size,
                MaxText = Math.Max(size, offer.MaxGsoBytes / size * size),
                MaxWindow = sender.MaxWindow,
                NothingOutstanding = seq == sender.Una,
                PartOutstanding = sender.IsPartOutstanding,
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
    private static SendChoice ChooseWindowProbe(Sender sender, in SendOffer offer)
    {
        if (sender.Flight.IsEmpty && offer.DataEnd <= sender.Next)
            return default;

        var choice = new SendChoice { Seq = sender.Next, Text = 1, FlightIndex = -1, SegmentSize = 1, IsProbe = true };
        if (sender.Flight.IsEmpty)
            return choice;

        choice.Seq = sender.Una;
        choice.FlightIndex = 0;
        choice.Fin = sender.Flight[0].Has(SentFlags.Fin) && sender.Flight[0].Length == 1;
        choice.Text = choice.Fin ? 0 : 1;
        return choice;
    }
}
