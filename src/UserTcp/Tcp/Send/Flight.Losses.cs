using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <content>What is taken to be lost, and what is sent again.</content>
internal sealed partial class Flight
{
    // Counting has already found everything before it to be lost.
    private SeqNumber _countedFrom;

    /// <summary>
    /// Marks what RFC 6675 §4 (IsLost) takes to be lost: more than (DupThresh − 1) segments' worth, or DupThresh
    /// separate runs, were sacked above it. Returns the octets newly marked.
    /// </summary>
    public uint MarkLost(int dupThresh, int segmentSize)
    {
        int index = SackedBytes == 0 ? -1 : Math.Min(Count - 1, IndexOf(_reportedTo - 1));
        uint sackedBytes = 0;
        int runs = 0;
        bool inRun = false;
        for (; index >= 0; index--, Looks++)
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
        SeqNumber from = _countedFrom;
        if (index >= 0)
            _countedFrom = SeqNumber.Max(from, this[index].End);
        for (; index >= 0 && this[index].End > from; index--, Looks++)
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

    /// <summary>Octets that were lost and are in the network again. Counted when asked for.</summary>
    public uint CountRetransmitted() => _segments.BytesWith(SentFlags.Retransmitted);

    private uint MarkLostAt(int index)
    {
        if (this[index].Has(SentFlags.Sacked | SentFlags.Lost | SentFlags.Retransmitted))
            return 0;

        _lost ??= new SeqHeap();
        if (LostBytes == 0)
            _lost.Clear();
        _lost.Add(this[index].Seq);
        SetFlags(index, SentFlags.None, SentFlags.Lost);
        TotalLost = unchecked(TotalLost + this[index].Length);
        return this[index].Length;
    }
}
