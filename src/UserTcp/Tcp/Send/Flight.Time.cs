using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>
/// Losses by time, in the order in which segments left: what was sent once lies in that order in the flight, what was
/// sent again is remembered beside it. Both are looked at from the oldest on, up to what may still come.
/// </content>
internal sealed partial class Flight
{
    /// <summary>So many that may still come are looked at for the time to wait.</summary>
    private const int MostWaiting = 32;

    private RevisionBudget _revisions = new();
    private ResentQueue? _resent; // most connections never send anything again

    // Of what lies before it, nothing is in the network that was sent once.
    private SeqNumber _originalFrom;

    /// <summary>Among what was marked last by time was something that had been sent again.</summary>
    public bool LostAgain { get; set; }

    /// <summary>
    /// Marks as lost what was overtaken and waited for long enough (RFC 8985 §6.2, step 5), retransmissions too. What
    /// was overtaken and may still come is waited for: <paramref name="wait"/>, zero if there is nothing.
    /// </summary>
    public uint MarkLostByTime(in Rack rack, TimeSpan window, Instant now, out TimeSpan wait)
    {
        uint marked = MarkOriginals(rack, window, now, out wait) + MarkResent(rack, window, now, out TimeSpan other);
        wait = other > wait ? other : wait;
        return marked;
    }

    /// <summary>
    /// Whether what was made of the flight may be revised as a whole. A peer that would have it revised more often
    /// than anything is sent is not followed.
    /// </summary>
    public bool TryPayForRevision() => _revisions.TryPay(Count);

    /// <summary>Whether the octet that the peer waits for is among what it reported.</summary>
    public bool IsReneged => Count > 0 && this[0].Has(SentFlags.Sacked);

    /// <summary>
    /// RFC 2018 §8: a receiver may take back what it reported. It did if the octet it waits for is among it. Deviation:
    /// otherwise reports outlive a timeout, against RFC 2018 §5 and RFC 2018 §5.1, as RFC 6675 §5.1 has it.
    /// </summary>
    public bool ForgetSacksIfReneging()
    {
        if (!IsReneged)
            return false;

        for (int i = 0; i < Count; i++)
        {
            SetFlags(i, SentFlags.Sacked, SentFlags.None);
        }

        JudgeAnew();
        return true;
    }

    /// <summary>Nothing was lost after all: what is marked and was not sent again is in the network.</summary>
    public void UnmarkLost()
    {
        for (int i = 0; i < Count && LostBytes > 0; i++)
        {
            SetFlags(i, SentFlags.Lost, SentFlags.None);
        }

        JudgeAnew();
    }

    private uint MarkOriginals(in Rack rack, TimeSpan window, Instant now, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        uint marked = 0;
        int waiting = 0;
        int index = IndexOf(_originalFrom);
        for (; index < Count && waiting < MostWaiting; Looks++)
        {
            ref SentSegment segment = ref this[index];
            if (segment.Has(SentFlags.Sacked))
            {
                index = EndOfRun(index);
                continue;
            }

            if (!segment.Has(SentFlags.Lost | SentFlags.Ambiguous))
            {
                if (!rack.IsOvertaken(segment))
                    break; // what was sent once was sent in this order: nothing behind it was overtaken either
                TimeSpan remaining = rack.Remaining(segment, window, now);
                if (remaining <= TimeSpan.Zero)
                    marked += MarkLostAt(index);
                else if (waiting++ == 0)
                    _originalFrom = segment.Seq;
                wait = remaining > wait ? remaining : wait;
            }
            else if (waiting > 0)
            {
                waiting++;
            }

            index++;
        }

        if (waiting == 0 && Count > 0)
            _originalFrom = index < Count ? this[index].Seq : this[Count - 1].End;
        return marked;
    }

    private uint MarkResent(in Rack rack, TimeSpan window, Instant now, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        uint marked = 0;
        while (TryFindResent(out int index))
        {
            if (!rack.IsOvertaken(this[index]))
                break;

            TimeSpan remaining = rack.Remaining(this[index], window, now);
            if (remaining > TimeSpan.Zero)
            {
                wait = remaining;
                break;
            }

            LostAgain |= this[index].Has(SentFlags.Retransmitted);
            SetFlags(index, SentFlags.Retransmitted, SentFlags.None);
            marked += MarkLostAt(index);
        }

        return marked;
    }

    // The entry that was sent again the longest time ago and is in the network; what is not any more is forgotten.
    private bool TryFindResent(out int index)
    {
        index = 0;
        while (_resent is { Count: > 0 })
        {
            ref Resent oldest = ref _resent.Oldest;
            for (index = IndexOf(oldest.Seq); index < Count && this[index].Seq < oldest.End; Looks++)
            {
                if (IsOut(this[index], oldest.SentAt))
                {
                    oldest.Seq = this[index].Seq;
                    return true;
                }

                index = this[index].Has(SentFlags.Sacked) ? EndOfRun(index) : index + 1;
            }

            _resent.RemoveOldest();
        }

        return false;
    }

    private static bool IsOut(in SentSegment segment, Instant sentAt) =>
        segment.Has(SentFlags.Ambiguous) && segment.SentAt == sentAt && !segment.Has(SentFlags.Sacked | SentFlags.Lost);

    // Entries that were taken to be reported or lost are in the network after all, and are to be judged again.
    private void JudgeAnew()
    {
        if (Count == 0)
            return;

        BeginOrder(this[0].Seq);
        for (int i = 0; i < Count; i++)
        {
            Looks++;
            if (IsOut(this[i], this[i].SentAt))
                (_resent ??= new ResentQueue()).Add(new Resent(this[i].Seq, this[i].End, this[i].SentAt));
        }

        _resent?.SortByTime();
    }

    private void BeginOrder(SeqNumber first)
    {
        _originalFrom = first;
        _countedFrom = first;
        _resent?.Clear();
    }
}
