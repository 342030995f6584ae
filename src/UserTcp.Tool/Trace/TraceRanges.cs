namespace UserTcp.Tool.Trace;

/// <summary>
/// The octets of a stream that a capture has shown, as ranges that neither meet nor overlap. Adding costs the logarithm
/// of their number, and one step for each range that it joins.
/// </summary>
internal sealed class TraceRanges
{
    private readonly SortedSet<Range> _ranges = new(Comparer<Range>.Create((a, b) => a.From.CompareTo(b.From)));
    private Range _last = new(long.MinValue, long.MinValue); // the one that ends last: nearly all text goes on there

    /// <summary>How many ranges there are; their holes are one fewer.</summary>
    public int Count => _ranges.Count;

    /// <summary>Adds the octets from one position to another, and returns how many of them are new.</summary>
    public long Add(long from, long to)
    {
        if (from >= to)
            return 0;

        var range = new Range(from, to);
        if (_ranges.Count == 0 || from > _last.To)
            return Append(range);
        return from >= _last.From ? Extend(range) : Join(range);
    }

    private long Append(Range range)
    {
        _ranges.Add(range);
        _last = range;
        return range.To - range.From;
    }

    // Nothing but the last one can meet it.
    private long Extend(Range range)
    {
        if (range.To <= _last.To)
            return 0;

        long added = range.To - _last.To;
        _ranges.Remove(_last);
        _last = _last with { To = range.To };
        _ranges.Add(_last);
        return added;
    }

    private long Join(Range range)
    {
        long added = range.To - range.From;
        Range joined = range;
        while (FindMeeting(joined) is { } met)
        {
            added -= Math.Max(0, Math.Min(met.To, range.To) - Math.Max(met.From, range.From));
            joined = new Range(Math.Min(joined.From, met.From), Math.Max(joined.To, met.To));
            _ranges.Remove(met);
        }

        _ranges.Add(joined);
        if (joined.To >= _last.To)
            _last = joined;
        return added;
    }

    // One in the set that overlaps the given one, or touches it.
    private Range? FindMeeting(Range range)
    {
        Range before = _ranges.GetViewBetween(new Range(long.MinValue, 0), new Range(range.To, 0)).Max;
        return before != default && before.To >= range.From ? before : null;
    }

    private readonly record struct Range(long From, long To);
}
