using System.Runtime.CompilerServices;
using UserTcp.Buffers;

namespace UserTcp.Tcp.Receive;

/// <summary>
/// What a SACK option tells of: first a run that came twice, if one is still to be told (RFC 2883 §4), and the range
/// that holds it; then the out-of-order range that changed last and those reported before it, most recent first
/// (RFC 2018 §4), so that every block is repeated in several ACKs.
/// </summary>
internal struct SackReport
{
    private const int Remembered = 8;
    private Positions _recent;
    private int _count;
    private DuplicateReports _duplicates;

    /// <summary>How many runs that came twice are still to be told, each in an ACK of its own.</summary>
    public readonly int Duplicates => _duplicates.Count;

    /// <summary>All of this had arrived before.</summary>
    public void OnDuplicate(BufferRange run) => _duplicates.Add(run);

    /// <summary>A segment was stored out of order at <paramref name="position"/>.</summary>
    public void OnStored(long position, RangeSet ranges)
    {
        int kept = 0;
        Positions previous = _recent;
        int previousCount = _count;
        _recent[kept++] = position;
        BufferRange newest = RangeAt(ranges, position);
        for (int i = 0; i < previousCount && kept < Remembered; i++)
        {
            if (previous[i] < newest.Start || previous[i] >= newest.End)
                _recent[kept++] = previous[i];
        }

        _count = kept;
    }

    /// <summary>
    /// Takes what the next ACK reports, at most as many blocks as there is room for. A run that came twice is not told
    /// again, whatever becomes of the ACK.
    /// </summary>
    public int Take(Span<BufferRange> blocks, RangeSet ranges)
    {
        int first = 0;
        int written = 0;
        if (_duplicates.TryTake(out BufferRange duplicate))
        {
            blocks[written++] = duplicate;
            first = written;
            BufferRange holder = RangeAt(ranges, duplicate.Start);
            if (holder.Length > 0)
                blocks[written++] = holder; // RFC 2883 §4 (4), even if it is the same
        }

        for (int i = 0; i < _count && written < blocks.Length; i++)
        {
            BufferRange range = RangeAt(ranges, _recent[i]);
            if (range.Length > 0 && !blocks[first..written].Contains(range))
                blocks[written++] = range;
        }

        return written;
    }

    private static BufferRange RangeAt(RangeSet ranges, long position)
    {
        for (int i = 0; i < ranges.Count; i++)
        {
            if (position >= ranges[i].Start && position < ranges[i].End)
                return ranges[i];
        }

        return default;
    }

    [InlineArray(Remembered)]
    private struct Positions
    {
        private long _first;
    }
}
