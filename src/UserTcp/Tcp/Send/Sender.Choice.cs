using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>Which stretch of the sequence space is sent next.</content>
internal sealed partial class Sender
{
    /// <summary>
    /// Chooses what to send now: what was lost first, then what is new; right after a timeout the other way round
    /// (RFC 5682 §2.1). Sends nothing.
    /// </summary>
    public bool TryChoose(in SendOffer offer, bool mayOverride, out SendChoice choice)
    {
        if (Loss.PrefersNewText)
        {
            if (TryChooseNew(offer, mayOverride, Room, out choice))
                return true;
            if (Next == Loss.RecoveryPoint)
                Loss.GiveUpForward();
        }

        return TryChooseLost(offer, out choice) || TryChooseNew(offer, mayOverride, Room, out choice);
    }

    /// <summary>
    /// A tail loss probe: a segment of new text, whatever cwnd says, else the last one again (RFC 8985 §7.3).
    /// </summary>
    public bool TryChooseTailProbe(in SendOffer offer, out SendChoice choice)
    {
        int size = Math.Max(1, SegmentSize - offer.ExtraOptionBytes);
        SendOffer single = offer with { MaxGsoBytes = 0 };
        _savesForProbe = false;
        bool isChosen = TryChooseNew(single, mayOverride: true, Math.Max(Room, size), out choice)
            || TryChooseTail(size, out choice);
        choice.IsTailProbe = isChosen;
        return isChosen;
    }

    /// <summary>
    /// One octet beyond a closed window (RFC 9293 §3.8.6.1, MUST-36): the first unsent one, or the outstanding one.
    /// </summary>
    public bool TryChooseProbe(in SendOffer offer, out SendChoice choice)
    {
        choice = new SendChoice { Seq = Next, Text = 1, FlightIndex = -1, SegmentSize = 1, IsProbe = true };
        if (Flight.IsEmpty)
            return offer.DataEnd > Next;

        choice.Seq = Una;
        choice.FlightIndex = 0;
        choice.Fin = Flight[0].Has(SentFlags.Fin) && Flight[0].Length == 1;
        choice.Text = choice.Fin ? 0 : 1;
        return true;
    }

    private bool TryChooseLost(in SendOffer offer, out SendChoice choice)
    {
        choice = default;
        int index = Flight.IndexOfLost();
        if (index < 0)
            return false;

        ref SentSegment lost = ref Flight[index];
        int size = Math.Max(1, SegmentSize - offer.ExtraOptionBytes);
        long limit = Math.Min(lost.Length, Math.Max(size, offer.MaxGsoBytes / size * size));
        if (limit > size && !Loss.MustRetransmitFirst)
            limit = Math.Max(size, Math.Min(limit, Room / size * size));
        if (Loss.MustRetransmitFirst)
            limit = Math.Min(limit, size);
        if (!Loss.MustRetransmitFirst && Room < Math.Min(limit, size) && BytesInFlight > 0)
            return false;

        return FitLost(lost, index, size, limit, out choice);
    }

    // RFC 9293 §3.8.6 (SHLD-16): old data is sent again within the window; the oldest octet even if the window is shut.
    private bool FitLost(in SentSegment lost, int index, int size, long limit, out SendChoice choice)
    {
        long allowed = (Una + Window.Bytes) - lost.Seq;
        bool hasFin = lost.Has(SentFlags.Fin);
        long text = lost.Length - (hasFin ? 1 : 0);
        choice = new SendChoice { Seq = lost.Seq, FlightIndex = index, SegmentSize = size };
        choice.Text = (int)Math.Min(Math.Min(text, limit), Math.Max(allowed, index == 0 ? 1 : 0));
        choice.Fin = hasFin && choice.Text == text;
        return choice.Text > 0 || choice.Fin;
    }

    private bool TryChooseTail(int size, out SendChoice choice)
    {
        choice = default;
        int index = Flight.IndexOfTail(size);
        return index >= 0 && !Flight[index].Has(SentFlags.Sacked)
            && FitLost(Flight[index], index, size, size, out choice);
    }

    // The end of the last segment that was not full, which Nagle's algorithm waits for.
    private SeqNumber _partEnd;
    private bool _isPartOutstanding;

    private bool TryChooseNew(in SendOffer offer, bool mayOverride, int room, out SendChoice choice)
    {
        bool retakesProbe = OnlyProbeOutstanding && Window.Bytes > 0 && !Flight[0].Has(SentFlags.Fin);
        SeqNumber seq = retakesProbe ? Una : Next;
        int size = Math.Max(1, SegmentSize - offer.ExtraOptionBytes);
        int queued = Math.Max(0, offer.DataEnd - seq);
        choice = new SendChoice { Seq = seq, FlightIndex = -1, SegmentSize = size };
        bool waitsForWindow = OnlyProbeOutstanding && !retakesProbe; // FIN, too, leaves with the probe's octet
        if (queued == 0 && Flight.LostBytes == 0 && room > 0)
            _delivery.OnAppLimited(BytesInFlight);
        waitsForWindow |= IsHeldBack || _savesForProbe;
        if (FinSent || waitsForWindow || Flight.IsFull || (queued == 0 && !offer.FinQueued))
            return false;

        _isPartOutstanding = _isPartOutstanding && _partEnd > Una;
        choice.Text = SendDecision.Decide(
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
                Override = mayOverride,
            },
            out bool isLimited);
        if (isLimited)
            NoteUse(isLimited: true);
        choice.Fin = offer.FinQueued && choice.Text == queued; // FIN may lie one octet beyond the window
        return choice.Text > 0 || choice.Fin;
    }
}
