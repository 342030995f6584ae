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
    private Memory? _memory; // most connections see nothing out of order

    /// <summary>How many runs that came twice are still to be told, each in an ACK of its own.</summary>
    public readonly int Duplicates => _memory?.Duplicates.Count ?? 0;

    /// <summary>All of this had arrived before.</summary>
    public void OnDuplicate(BufferRange run) => (_memory ??= new Memory()).Duplicates.Add(run);

    /// <summary>A segment was stored out of order at <paramref name="position"/>.</summary>
    public void OnStored(long position, ref RangeSet ranges)
    {
        Memory memory = _memory ??= new Memory();
        int kept = 0;
        Positions previous = memory.Recent;
        int previousCount = memory.Count;
        memory.Recent[kept++] = position;
        BufferRange newest = RangeAt(ref ranges, position);
        for (int i = 0; i < previousCount && kept < Remembered; i++)
        {
            if (previous[i] < newest.Start || previous[i] >= newest.End)
                memory.Recent[kept++] = previous[i];
        }

        memory.Count = kept;
    }

    /// <summary>
    /// Takes what the next ACK reports, at most as many blocks as there is room for. A run that came twice is not told
    /// again, whatever becomes of the ACK.
    /// </summary>
    public readonly int Take(Span<BufferRange> blocks, ref RangeSet ranges)
    {
        if (_memory is not { } memory)
            return 0;

        int first = 0;
        int written = 0;
        if (memory.Duplicates.TryTake(out BufferRange duplicate))
        {
            blocks[written++] = duplicate;
            first = written;
            BufferRange holder = RangeAt(ref ranges, duplicate.Start);
            if (holder.Length > 0)
                blocks[written++] = holder; // RFC 2883 §4 (4), even if it is the same
        }

        for (int i = 0; i < memory.Count && written < blocks.Length; i++)
        {
            BufferRange range = RangeAt(ref ranges, memory.Recent[i]);
            if (range.Length > 0 && !blocks[first..written].Contains(range))
                blocks[written++] = range;
        }

        return written;
    }

    private static BufferRange RangeAt(ref RangeSet ranges, long position)
    {
        int index = ranges.FirstEndingAtOrAfter(position + 1);
        return index < ranges.Count && ranges[index].Start <= position ? ranges[index] : default;
    }

    private sealed class Memory
    {
        public Positions Recent;
        public int Count;
        public DuplicateReports Duplicates;
    }

    [InlineArray(Remembered)]
    private struct Positions
    {
        private long _first;
    }
}
