using System.Runtime.CompilerServices;
using UserTcp.Buffers;

namespace UserTcp.Tcp.Receive;

/// <summary>
/// Which of the out-of-order ranges a SACK option tells of: first the one that changed last, then those reported before
/// it, most recent first (RFC 2018 §4), so that every block is repeated in several ACKs.
/// </summary>
internal struct SackReport
{
    private const int Remembered = 8;
    private Positions _recent;
    private int _count;

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

    /// <summary>Writes the ranges to report, at most as many as there is room for.</summary>
    public readonly int CopyTo(Span<BufferRange> blocks, RangeSet ranges)
    {
        int written = 0;
        for (int i = 0; i < _count && written < blocks.Length; i++)
        {
            BufferRange range = RangeAt(ranges, _recent[i]);
            if (range.Length > 0 && !blocks[..written].Contains(range))
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
