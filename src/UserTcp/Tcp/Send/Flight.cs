using System.Diagnostics;
using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <summary>What a cumulative ACK took out of the flight.</summary>
/// <param name="Bytes">Octets that had not been reported by SACK before.</param>
/// <param name="SampleFrom">
/// When the newest of them was sent; never if one of them was sent more than once: the others then waited for it at the
/// receiver, and their time is no round trip (RFC 9293 §3.8.1, MUST-18).
/// </param>
/// <param name="LastSentAt">
/// When the newest of them was sent, for the first or another time; never if there is none.
/// </param>
internal readonly record struct AckedSegments(uint Bytes, Instant SampleFrom, Instant LastSentAt);

/// <summary>
/// What was sent and is not acknowledged, [SND.UNA, SND.NXT), in the order of the sequence space, with what is known of
/// each part: the scoreboard of RFC 6675. A ring of structs. A super-segment is one entry until an ACK, a SACK block or
/// a loss splits it.
/// </summary>
internal sealed class Flight
{
    /// <summary>
    /// The most entries; beyond it no new segment is sent, and SACK blocks inside an entry are ignored.
    /// </summary>
    public const int MaxEntries = 8192;

    // Room left for splits when new segments are no longer taken.
    private const int SplitReserve = 1024;
    private const int InitialEntries = 8;

    private SentSegment[] _ring = [];
    private int _head;

    public int Count { get; private set; }

    /// <summary>All octets outstanding, sacked and lost ones included.</summary>
    public uint Bytes { get; private set; }

    public uint SackedBytes { get; private set; }

    /// <summary>Octets taken to be lost and not yet sent again.</summary>
    public uint LostBytes { get; private set; }

    /// <summary>The pipe of RFC 6675 §4: octets thought to be in the network.</summary>
    public uint BytesInFlight => Bytes - SackedBytes - LostBytes;

    public bool IsFull => Count >= MaxEntries - SplitReserve;

    public bool IsEmpty => Count == 0;

    public ref SentSegment this[int index]
    {
        get
        {
            Debug.Assert((uint)index < (uint)Count);
            return ref _ring[(_head + index) & (_ring.Length - 1)];
        }
    }

    public void Append(in SentSegment segment)
    {
        Debug.Assert(segment.Length > 0 && (Count == 0 || this[Count - 1].End == segment.Seq));
        if (Count == _ring.Length)
            Grow();
        Count++;
        this[Count - 1] = segment;
        Bytes += segment.Length;
    }

    /// <summary>
    /// Takes back the newest entry, which must be a probe that is about to be sent again with more behind it.
    /// </summary>
    public void RemoveLast()
    {
        SetFlags(Count - 1, SentFlags.Sacked | SentFlags.Lost, 0);
        Bytes -= this[Count - 1].Length;
        Count--;
    }

    /// <summary>Removes everything below <paramref name="una"/>.</summary>
    public AckedSegments AckTo(SeqNumber una)
    {
        uint bytes = 0;
        Instant newest = Instant.Never;
        bool isAmbiguous = false;
        while (Count > 0 && this[0].Seq < una)
        {
            ref SentSegment first = ref this[0];
            uint length = una >= first.End ? first.Length : (uint)(una - first.Seq);
            if (!first.Has(SentFlags.Sacked))
            {
                bytes += length;
                isAmbiguous |= first.Has(SentFlags.Ambiguous);
                newest = newest.IsNever ? first.SentAt : Instant.Max(newest, first.SentAt);
            }

            RemoveFirst(length);
        }

        return new AckedSegments(bytes, isAmbiguous ? Instant.Never : newest, newest);
    }

    /// <summary>Marks a block as received (RFC 6675 §4, Update). Returns how many octets are new to us.</summary>
    public uint Sack(in SackBlock block, ref Instant newestSentAt)
    {
        uint added = 0;
        for (int i = IndexOf(block.Left); i < Count && this[i].Seq < block.Right; i++)
        {
            if (this[i].Has(SentFlags.Sacked) || !Carve(ref i, block))
                continue;

            SetFlags(i, SentFlags.Lost | SentFlags.Retransmitted, SentFlags.Sacked);
            ref SentSegment segment = ref this[i];
            added += segment.Length;
            if (!segment.Has(SentFlags.Ambiguous) && (newestSentAt.IsNever || segment.SentAt > newestSentAt))
                newestSentAt = segment.SentAt;
        }

        return added;
    }

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

    /// <summary>A timeout: all that the peer did not report is lost, retransmissions too (RFC 6675 §5.1).</summary>
    public void MarkAllLost()
    {
        // RFC 2018 §8: a receiver may take back what it reported. It did if the octet it waits for is among it.
        bool isReneging = Count > 0 && this[0].Has(SentFlags.Sacked);
        for (int i = 0; i < Count; i++)
        {
            SetFlags(i, SentFlags.Retransmitted | (isReneging ? SentFlags.Sacked : 0), SentFlags.None);
            MarkLostAt(i);
        }
    }

    /// <summary>
    /// Marks segments as lost that are larger than the path now takes (RFC 1191 §6.4): no sign of congestion.
    /// </summary>
    public void MarkOversizedLost(int segmentSize)
    {
        for (int i = 0; i < Count; i++)
        {
            if (Math.Min(this[i].SegmentSize, this[i].Length) <= segmentSize)
                continue;
            this[i].SegmentSize = segmentSize;
            SetFlags(i, SentFlags.Retransmitted, SentFlags.None); // what was sent again did not get through either
            MarkLostAt(i);
        }
    }

    /// <summary>The first entry to be sent again, or −1.</summary>
    public int IndexOfLost()
    {
        if (LostBytes == 0)
            return -1;

        int index = 0;
        while (!this[index].Has(SentFlags.Lost))
        {
            index++;
        }

        return index;
    }

    /// <summary>The first <paramref name="length"/> octets of an entry were sent again.</summary>
    public void OnRetransmitted(int index, uint length, int segmentSize, Instant now)
    {
        if (length < this[index].Length)
            TrySplit(index, this[index].Seq + length);
        SetFlags(index, SentFlags.Lost | SentFlags.Probe, SentFlags.Retransmitted | SentFlags.Ambiguous);
        this[index].SentAt = now;
        this[index].SegmentSize = segmentSize;
    }

    private uint MarkLostAt(int index)
    {
        if (this[index].Has(SentFlags.Sacked | SentFlags.Lost | SentFlags.Retransmitted))
            return 0;

        SetFlags(index, SentFlags.None, SentFlags.Lost);
        return this[index].Length;
    }

    // Cuts entry i so that one entry lies inside the block; i then names it. False if nothing of it can be marked: a
    // part of a segment was reported (a peer that resegments), or there is no room for the parts.
    private bool Carve(ref int i, in SackBlock block)
    {
        if (this[i].Seq < block.Left)
        {
            if (!TrySplit(i, block.Left))
                return false;
            i++;
        }

        return this[i].End <= block.Right || TrySplit(i, block.Right);
    }

    private bool TrySplit(int index, SeqNumber at)
    {
        if (Count >= MaxEntries)
            return false;
        if (Count == _ring.Length)
            Grow();

        Count++;
        for (int i = Count - 1; i > index + 1; i--)
        {
            this[i] = this[i - 1];
        }

        ref SentSegment first = ref this[index];
        ref SentSegment second = ref this[index + 1];
        second = first;
        second.Seq = at;
        second.Length = (uint)(first.End - at);
        second.Flags &= ~SentFlags.Syn;
        first.Length = (uint)(at - first.Seq);
        first.Flags &= ~SentFlags.Fin;
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

        _head = (_head + 1) & (_ring.Length - 1);
        Count--;
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

    // The first entry that ends after seq.
    private int IndexOf(SeqNumber seq)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (this[middle].End > seq)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }

    private void Grow()
    {
        var larger = new SentSegment[Math.Max(InitialEntries, _ring.Length * 2)];
        for (int i = 0; i < Count; i++)
        {
            larger[i] = this[i];
        }

        _ring = larger;
        _head = 0;
    }
}
