using UserTcp.Primitives;
using UserTcp.Wire;

namespace UserTcp.Tcp.Send;

/// <content>
/// The peer's reports of received text. A run that was reported before is passed in one step, so that the cost of a
/// report follows from its news and not from the octets outstanding.
/// </content>
internal sealed partial class Flight
{
    // The end of the highest report, if there is one.
    private SeqNumber _reportedTo;

    /// <summary>Marks a block as received (RFC 6675 §4, Update). Returns how many octets are new to us.</summary>
    public uint Sack(in SackBlock block, ref AckDigest digest)
    {
        uint before = digest.SackedBytes;
        _reportedTo = SackedBytes == 0 ? block.Right : SeqNumber.Max(_reportedTo, block.Right);
        int first = -1;
        for (int i = IndexOf(block.Left); i < Count && this[i].Seq < block.Right; i++)
        {
            Looks++;
            if (this[i].Has(SentFlags.Sacked))
            {
                i = EndOfRun(i) - 1;
                continue;
            }

            if (TryExtend(i, block, ref digest) || !Carve(ref i, block))
                continue;

            digest.OnSacked(this[i]);
            SetFlags(i, SentFlags.Lost | SentFlags.Retransmitted, SentFlags.Sacked);
            this[i].Run = 1;
            first = first < 0 ? i : first;
        }

        if (first >= 0)
            EndOfRun(first); // what is new is joined now, at the cost of this report
        return digest.SackedBytes - before;
    }

    // A report that grows at one end is the usual case: the border to the neighbour that was reported before moves, and
    // nothing has to be split.
    private bool TryExtend(int i, in SackBlock block, ref AckDigest digest)
    {
        bool isHead = block.Left <= this[i].Seq && block.Right < this[i].End
            && i > 0 && this[i - 1].Has(SentFlags.Sacked);
        bool isTail = block.Left > this[i].Seq && block.Right >= this[i].End
            && i + 1 < Count && this[i + 1].Has(SentFlags.Sacked);
        if (!isHead && !isTail)
            return false;

        ref SentSegment segment = ref this[i];
        ref SentSegment neighbour = ref this[isHead ? i - 1 : i + 1];
        SentSegment part = segment;
        part.Seq = isHead ? segment.Seq : block.Left;
        part.Length = (uint)((isHead ? block.Right : segment.End) - part.Seq);
        digest.OnSacked(part);
        SackedBytes += part.Length;
        LostBytes -= segment.Has(SentFlags.Lost) ? part.Length : 0;
        segment.Seq = isHead ? part.End : segment.Seq;
        segment.Length -= part.Length;
        if (isHead && segment.Has(SentFlags.Lost))
            _lost!.Add(segment.Seq);
        neighbour.Seq = isHead ? neighbour.Seq : part.Seq;
        neighbour.Length += part.Length;
        return true;
    }

    // Cuts entry i so that one entry lies inside the block; i then names it. False if nothing of it can be marked: a
    // part of a segment was reported (a peer that resegments), or there is no room for the parts.
    private bool Carve(ref int i, in SackBlock block)
    {
        if (this[i].Seq < block.Left)
        {
            if (!TrySplit(i, block.Left, MaxEntries))
                return false;
            i++;
        }

        return this[i].End <= block.Right || TrySplit(i, block.Right, MaxEntries);
    }

    // No stretch spans an entry that is split: those were not reported.
    private int EndOfRun(int first)
    {
        int end = _segments.EndOfRun(first, out int steps);
        Looks += steps;
        return end;
    }
}
