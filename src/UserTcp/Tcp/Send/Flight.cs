using UserTcp.Buffers;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// What was sent and is not acknowledged, [SND.UNA, SND.NXT), in the order of the sequence space, with what is known of
/// each part: the scoreboard of RFC 6675. A ring of structs. A super-segment is one entry until an ACK, a SACK block or
/// a loss splits it.
/// </summary>
/// <param name="rings">Lends memory while something is outstanding; null: the flight keeps its own.</param>
internal sealed partial class Flight(RingPool<SentSegment>? rings = null)
{
    /// <summary>
    /// The most entries; beyond it no new segment is sent, and SACK blocks inside an entry are ignored.
    /// </summary>
    public const int MaxEntries = 8192;

    // Room left for splits when new segments are no longer taken.
    private const int SplitReserve = 1024;

    // Beyond what peers may split by their reports: of an entry that is sent again piece by piece, what did not leave
    // must not be taken for sent.
    private const int RetransmitReserve = MaxEntries;

    private SegmentRing _segments = new(rings);

    // Where entries begin that are marked lost, and some that are not any more.
    private SeqHeap? _lost;

    public int Count => _segments.Count;

    /// <summary>All octets outstanding, sacked and lost ones included.</summary>
    public uint Bytes { get; private set; }

    public uint SackedBytes { get; private set; }

    /// <summary>Octets taken to be lost and not yet sent again.</summary>
    public uint LostBytes { get; private set; }

    /// <summary>
    /// Octets that were ever taken to be lost to congestion, each time counted; it wraps.
    /// </summary>
    public uint TotalLost { get; private set; }

    /// <summary>The pipe of RFC 6675 §4: octets thought to be in the network.</summary>
    public uint BytesInFlight => Bytes - SackedBytes - LostBytes;

    public bool IsFull => Count >= MaxEntries - SplitReserve;

    /// <summary>Whether a part of an entry may be sent again.</summary>
    public bool MaySplit => Count < MaxEntries + RetransmitReserve;

    public bool IsEmpty => Count == 0;

    /// <summary>How many entries were looked at one by one so far: what reports and timers cost.</summary>
    public long Looks { get; private set; }

    public ref SentSegment this[int index] => ref _segments[index];

    public void Append(in SentSegment segment)
    {
        if (Count == 0)
            BeginOrder(segment.Seq);
        _segments.Add(segment);
        Bytes += segment.Length;
        _revisions.OnSent();
    }

    /// <summary>
    /// Takes back the newest entry, which must be a probe that is about to be sent again with more behind it.
    /// </summary>
    public void RemoveLast()
    {
        SetFlags(Count - 1, SentFlags.Sacked | SentFlags.Lost, 0);
        Bytes -= this[Count - 1].Length;
        _originalFrom = SeqNumber.Min(_originalFrom, this[Count - 1].Seq);
        _segments.RemoveLast();
    }

    /// <summary>Removes everything below <paramref name="una"/>.</summary>
    public void AckTo(SeqNumber una, ref AckDigest digest)
    {
        while (Count > 0 && this[0].Seq < una)
        {
            ref SentSegment first = ref this[0];
            uint length = una >= first.End ? first.Length : (uint)(una - first.Seq);
            if (!first.Has(SentFlags.Sacked))
                digest.OnAcked(first, first.Seq + length, length);
            RemoveFirst(length);
        }

        _originalFrom = SeqNumber.Max(_originalFrom, una);
    }

    /// <summary>
    /// Marks segments as lost that are larger than the path now takes (RFC 1191 §6.4): no sign of congestion.
    /// </summary>
    public void MarkOversizedLost(int segmentSize)
    {
        uint before = TotalLost;
        for (int i = 0; i < Count; i++)
        {
            if (Math.Min(this[i].SegmentSize, this[i].Length) <= segmentSize)
                continue;
            this[i].SegmentSize = segmentSize;
            SetFlags(i, SentFlags.Retransmitted, SentFlags.None); // what was sent again did not get through either
            MarkLostAt(i);
        }

        ExcuseLosses(before);
    }

    /// <summary>What was lost since <see cref="TotalLost"/> was so much is no sign of congestion.</summary>
    public void ExcuseLosses(uint totalLost) => TotalLost = totalLost;

    /// <summary>The first entry to be sent again, or −1.</summary>
    public int IndexOfLost()
    {
        if (LostBytes == 0)
            return -1;

        int index = IndexOf(_lost!.Lowest);
        for (; !this[index].Has(SentFlags.Lost); Looks++)
        {
            _lost.RemoveLowest();
            index = IndexOf(_lost.Lowest);
        }

        return index;
    }

    /// <summary>Octets of an entry were sent again, from its beginning or from within.</summary>
    public ref SentSegment OnRetransmitted(int index, SeqNumber from, uint length, int segmentSize, Instant now)
    {
        TryFindResent(out _); // whose memory is needed for the new one
        if (from != this[index].Seq && TrySplit(index, from))
            index++;
        if (length < this[index].Length)
            TrySplit(index, this[index].Seq + length);
        SetFlags(index, SentFlags.Lost | SentFlags.Probe, SentFlags.Retransmitted | SentFlags.Ambiguous);
        ref SentSegment segment = ref this[index];
        segment.SentAt = now;
        segment.SegmentSize = segmentSize;
        (_resent ??= new ResentQueue()).Add(new Resent(segment.Seq, segment.End, now));
        return ref segment;
    }

    private bool TrySplit(int index, SeqNumber at, int limit = MaxEntries + RetransmitReserve)
    {
        if (Count >= limit)
            return false;
        _segments.Double(index);
        ref SentSegment first = ref this[index];
        ref SentSegment second = ref this[index + 1];
        second = first;
        second.Seq = at;
        second.Length = (uint)(first.End - at);
        second.Flags &= ~SentFlags.Syn;
        first.Length = (uint)(at - first.Seq);
        first.Flags &= ~SentFlags.Fin;
        if (second.Has(SentFlags.Lost))
            _lost!.Add(at);
        return true;
    }

    private void RemoveFirst(uint length)
    {
        ref SentSegment first = ref this[0];
        Bytes -= length;
        if (first.Has(SentFlags.Sacked))
            SackedBytes -= length;
        if (first.Has(SentFlags.Lost))
            LostBytes -= length;

        if (length < first.Length)
        {
            first.Seq += length;
            first.Length -= length;
            first.Flags &= ~SentFlags.Syn;
            return;
        }

        _segments.RemoveFirst();
    }

    private void SetFlags(int index, SentFlags clear, SentFlags set)
    {
        ref SentSegment segment = ref this[index];
        SentFlags before = segment.Flags;
        segment.Flags = (before & ~clear) | set;
        SackedBytes = Recount(SackedBytes, segment, before, SentFlags.Sacked);
        LostBytes = Recount(LostBytes, segment, before, SentFlags.Lost);
    }

    private static uint Recount(uint bytes, in SentSegment segment, SentFlags before, SentFlags flag)
    {
        bool had = (before & flag) != 0;
        bool has = (segment.Flags & flag) != 0;
        return had == has ? bytes : has ? bytes + segment.Length : bytes - segment.Length;
    }

    private int IndexOf(SeqNumber seq) => _segments.IndexOf(seq);
}
