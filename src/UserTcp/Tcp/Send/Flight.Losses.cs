using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>What is taken to be lost, and what is sent again.</content>
internal sealed partial class Flight
{
    /// <summary>Among what was marked last by time was something that had been sent again.</summary>
    public bool LostAgain { get; set; }

    /// <summary>
    /// Marks what RFC 6675 §4 (IsLost) takes to be lost: more than (DupThresh − 1) segments' worth, or DupThresh
    /// separate runs, were sacked above it. Returns the octets newly marked.
    /// </summary>
    public uint MarkLost(int dupThresh, int segmentSize)
    {
        int index = Count - 1;
        uint sackedBytes = 0;
        int runs = 0;
        bool inRun = false;
        for (; index >= 0; index--)
        {
            bool isSacked = this[index].Has(SentFlags.Sacked);
            if (isSacked)
                sackedBytes += this[index].Length;
            else if (sackedBytes > (dupThresh - 1) * (uint)segmentSize || runs >= dupThresh)
                break;
            runs += isSacked && !inRun ? 1 : 0;
            inRun = isSacked;
        }

        uint marked = 0;
        for (; index >= 0; index--)
        {
            marked += MarkLostAt(index);
        }

        return marked;
    }

    /// <summary>Marks the first octets, up to a segment, as lost (RFC 6582 §3.2; RFC 6675 §5 (4.3)).</summary>
    public uint MarkFirstLost(int segmentSize)
    {
        if (Count == 0 || this[0].Has(SentFlags.Sacked))
            return 0;
        if (this[0].Length > segmentSize + 1)
            TrySplit(0, this[0].Seq + segmentSize);
        if (this[0].Has(SentFlags.Retransmitted))
            SetFlags(0, SentFlags.Retransmitted, SentFlags.None);
        return MarkLostAt(0);
    }

    /// <summary>
    /// Marks as lost what was overtaken and waited for long enough (RFC 8985 §6.2, step 5), retransmissions too. What
    /// was overtaken and may still come is waited for: <paramref name="wait"/>, zero if there is nothing.
    /// </summary>
    public uint MarkLostByTime(in Rack rack, TimeSpan window, Instant now, out TimeSpan wait)
    {
        uint marked = 0;
        wait = TimeSpan.Zero;
        for (int i = 0; i < Count; i++)
        {
            ref SentSegment segment = ref this[i];
            if (segment.Has(SentFlags.Sacked | SentFlags.Lost))
                continue;

            if (!rack.IsOvertaken(segment))
            {
                if (segment.Has(SentFlags.Ambiguous))
                    continue;
                break; // what was sent once was sent in this order: nothing behind it was overtaken either
            }

            TimeSpan remaining = rack.Remaining(segment, window, now);
            if (remaining > TimeSpan.Zero)
            {
                wait = remaining > wait ? remaining : wait;
                continue;
            }

            LostAgain |= segment.Has(SentFlags.Retransmitted);
            SetFlags(i, SentFlags.Retransmitted, SentFlags.None);
            marked += MarkLostAt(i);
        }

        return marked;
    }

    /// <summary>A timeout: all that the peer did not report is lost, retransmissions too (RFC 6675 §5.1).</summary>
    public void MarkAllLost()
    {
        ForgetSacksIfReneging();
        for (int i = 0; i < Count; i++)
        {
            SetFlags(i, SentFlags.Retransmitted, SentFlags.None);
            MarkLostAt(i);
        }
    }

    /// <summary>
    /// A timeout where losses are found by time: the first segment is lost, and all that were sent longer ago than
    /// <paramref name="limit"/> (RFC 8985 §6.3).
    /// </summary>
    public void MarkLostOnTimeout(TimeSpan limit, Instant now)
    {
        ForgetSacksIfReneging();
        for (int i = 0; i < Count; i++)
        {
            if (i > 0 && now - this[i].SentAt < limit)
                continue;

            SetFlags(i, SentFlags.Retransmitted, SentFlags.None);
            MarkLostAt(i);
        }
    }

    /// <summary>
    /// RFC 2018 §8: a receiver may take back what it reported. It did if the octet it waits for is among it. Deviation:
    /// otherwise reports outlive a timeout, against RFC 2018 §5 and RFC 2018 §5.1, as RFC 6675 §5.1 has it.
    /// </summary>
    public bool ForgetSacksIfReneging()
    {
        if (Count == 0 || !this[0].Has(SentFlags.Sacked))
            return false;

        for (int i = 0; i < Count; i++)
        {
            SetFlags(i, SentFlags.Sacked, SentFlags.None);
        }

        return true;
    }

    /// <summary>Nothing was lost after all: what is marked and was not sent again is in the network.</summary>
    public void UnmarkLost()
    {
        for (int i = 0; i < Count && LostBytes > 0; i++)
        {
            SetFlags(i, SentFlags.Lost, SentFlags.None);
        }
    }

    /// <summary>Octets that were lost and are in the network again. Counted when asked for.</summary>
    public uint CountRetransmitted()
    {
        uint octets = 0;
        for (int i = 0; i < Count; i++)
        {
            octets += this[i].Has(SentFlags.Retransmitted) ? this[i].Length : 0;
        }

        return octets;
    }

    private uint MarkLostAt(int index)
    {
        if (this[index].Has(SentFlags.Sacked | SentFlags.Lost | SentFlags.Retransmitted))
            return 0;

        if (LostBytes == 0 || this[index].Seq < _lostFrom)
            _lostFrom = this[index].Seq;
        SetFlags(index, SentFlags.None, SentFlags.Lost);
        return this[index].Length;
    }
}
