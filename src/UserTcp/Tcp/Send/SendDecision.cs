namespace UserTcp.Tcp.Send;

/// <summary>The facts that decide whether new text is sent, in octets.</summary>
internal readonly record struct SendFacts
{
    /// <summary>D: written and not sent.</summary>
    public int Queued { get; init; }

    /// <summary>U = SND.UNA + SND.WND − SND.NXT; negative when the window shrank.</summary>
    public int UsableWindow { get; init; }

    /// <summary>The part of the congestion window that is not in flight.</summary>
    public int CongestionRoom { get; init; }

    /// <summary>Eff.snd.MSS for this segment.</summary>
    public int SegmentSize { get; init; }

    /// <summary>The most one plan may carry: a segment, or what the link cuts.</summary>
    public int MaxText { get; init; }

    /// <summary>Max(SND.WND), the largest window the peer ever offered.</summary>
    public uint MaxWindow { get; init; }

    /// <summary>SND.NXT = SND.UNA.</summary>
    public bool NothingOutstanding { get; init; }

    /// <summary>A segment that was not full waits for its acknowledgment.</summary>
    public bool PartOutstanding { get; init; }

    public bool NoDelay { get; init; }

    public bool Corked { get; init; }

    /// <summary>FIN waits behind the queue: nothing will be added, so waiting makes no segment fuller.</summary>
    public bool FinQueued { get; init; }

    /// <summary>The override timer of SWS avoidance fired.</summary>
    public bool Override { get; init; }
}

/// <summary>
/// SWS avoidance of the sender and Nagle in one (RFC 9293 §3.8.6.2.1, MUST-38, and §3.7.4, SHLD-7): how much to send
/// now. Nagle waits only for a segment that was not full itself (RFC 9293 Appendix A.3): the rest of what is written
/// at once goes with it, and no more than one small segment is on its way.
/// </summary>
internal static class SendDecision
{
    /// <summary>Octets to send now; 0 means wait.</summary>
    public static int Decide(in SendFacts facts, out bool isCongestionLimited)
    {
        isCongestionLimited = false;
        int limit = Math.Min(facts.Queued, facts.UsableWindow);
        if (limit <= 0)
            return 0;

        // A segment may always be in flight: cwnd below a segment must not stop the connection.
        int room = facts.NothingOutstanding ? Math.Max(facts.CongestionRoom, facts.SegmentSize) : facts.CongestionRoom;
        if (room < limit && room < facts.MaxText)
        {
            isCongestionLimited = true;
            limit = room / facts.SegmentSize * facts.SegmentSize;
            if (limit <= 0)
                return 0;
        }

        int text = Math.Min(limit, facts.MaxText);
        int full = text - text % facts.SegmentSize;
        bool isTail = text == facts.Queued && text > full;
        if (full == 0)
            return MaySendPart(facts, text) ? text : 0;

        return isTail && MaySendTail(facts) ? text : full; // RFC 9293 §3.8.6.2.1 (1): full segments always go
    }

    private static bool MaySendTail(in SendFacts facts) =>
        facts.FinQueued || facts.Override || (NagleAgrees(facts) && !facts.Corked);

    private static bool NagleAgrees(in SendFacts facts) =>
        facts.NoDelay || facts.NothingOutstanding || !facts.PartOutstanding;

    private static bool MaySendPart(in SendFacts facts, int text)
    {
        if (facts.Override)
            return true; // (4)
        if (facts.Corked && !facts.FinQueued)
            return false;

        if (text == facts.Queued)
            return NagleAgrees(facts) || facts.FinQueued; // (2)

        return (facts.NothingOutstanding || facts.NoDelay) && text >= facts.MaxWindow / 2; // (3), Fs = 1/2
    }
}
