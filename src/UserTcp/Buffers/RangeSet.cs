namespace UserTcp.Buffers;

/// <summary>
/// A bounded set of positions as sorted ranges that neither overlap nor touch: which bytes arrived out of order, which
/// were acknowledged selectively. Allocates only while it grows towards its bound. Part of its owner: passed by
/// reference only.
/// </summary>
internal struct RangeSet
{
    // Larger arrays are not kept when nothing is in them.
    private const int Kept = 64;

    private BufferRange[] _ranges = [];

    public RangeSet(int maximumCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumCount, 1);
        MaximumCount = maximumCount;
    }

    /// <summary>Beyond it no range is added; lowering it removes none.</summary>
    public int MaximumCount { readonly get; set; }

    /// <summary>How many ranges there are.</summary>
    public int Count { readonly get; private set; }

    /// <summary>How many ranges were looked at one by one so far: what segments out of order cost.</summary>
    public long Looks { readonly get; private set; }

    /// <summary>The ranges in ascending order.</summary>
    public BufferRange this[int index]
    {
        get
        {
            Looks++;
            return _ranges.AsSpan(0, Count)[index];
        }
    }

    public readonly ReadOnlySpan<BufferRange> Ranges => _ranges.AsSpan(0, Count);

    /// <summary>The end of the last range, or 0.</summary>
    public readonly long HighestEnd => Count == 0 ? 0 : _ranges[Count - 1].End;

    /// <summary>Whether <see cref="Add"/> would take the range.</summary>
    public bool CanAdd(long start, long end)
    {
        if (Count < MaximumCount || start >= end)
            return true;
        int first = FirstEndingAtOrAfter(start);
        return first < Count && _ranges[first].Start <= end;
    }

    /// <summary>Adds [start, end).</summary>
    /// <param name="start">The first position.</param>
    /// <param name="end">The position after the last.</param>
    /// <param name="merged">The range that now holds it.</param>
    /// <returns>False if the set is full and the range touches none that is there: nothing was added.</returns>
    public bool Add(long start, long end, out BufferRange merged)
    {
        merged = new BufferRange(start, end);
        if (start >= end)
            return true;

        int first = FirstEndingAtOrAfter(start);
        int after = first;
        while (after < Count && _ranges[after].Start <= end)
            after++;
        if (after > first)
            merged = new BufferRange(Math.Min(start, _ranges[first].Start), Math.Max(end, _ranges[after - 1].End));
        else if (!MakeRoomAt(first))
            return false;
        else
            after = first + 1;

        _ranges[first] = merged;
        Remove(first + 1, after);
        return true;
    }

    /// <summary>Removes all positions below the given one.</summary>
    public void RemoveBelow(long position)
    {
        int keep = 0;
        while (keep < Count && _ranges[keep].End <= position)
            keep++;
        Remove(0, keep);
        if (Count > 0 && _ranges[0].Start < position)
            _ranges[0] = _ranges[0] with { Start = position };
    }

    public bool Contains(long position)
    {
        int index = FirstEndingAtOrAfter(position + 1);
        return index < Count && _ranges[index].Start <= position;
    }

    /// <summary>
    /// The index of the first range with an end of at least the position; <see cref="Count"/> if none.
    /// </summary>
    public int FirstEndingAtOrAfter(long position)
    {
        int low = 0;
        int high = Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            Looks++;
            if (_ranges[middle].End < position)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    public void Clear()
    {
        Count = 0;
        if (_ranges.Length > Kept)
            _ranges = [];
    }

    public readonly override string ToString() => string.Join(' ', _ranges[..Count]);

    private bool MakeRoomAt(int index)
    {
        if (Count >= MaximumCount)
            return false;
        if (Count == _ranges.Length)
            Array.Resize(ref _ranges, Math.Min(MaximumCount, Math.Max(4, Count * 2)));
        Array.Copy(_ranges, index, _ranges, index + 1, Count - index);
        Count++;
        return true;
    }

    private void Remove(int from, int to)
    {
        if (from == to)
            return;
        Array.Copy(_ranges, to, _ranges, from, Count - to);
        Count -= to - from;
        if (Count == 0)
            Clear();
    }
}
