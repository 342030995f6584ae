using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// Chunks by position: a ring of 4 KiB pages, each of which names the chunk it lies in, so that any position is found
/// in one step. A small chunk is one page, a large one sixteen. Positions are counted from an origin that is set anew
/// whenever no chunk is left, so that a first chunk is filled from its beginning.
/// </summary>
internal struct ChunkPages(ChunkPool pool)
{
    private const int PageShift = 12;

    private Chunk?[] _ring = [];
    private long _origin;
    private long _low;
    private long _high;

    /// <summary>Whether the budget is asked for a connection that holds too much itself.</summary>
    public bool IsOverdrawn { readonly get; set; }

    public readonly bool IsEmpty => _low == _high;

    /// <summary>The chunk with the lowest position, if there is any.</summary>
    public readonly Chunk? First => IsEmpty ? null : _ring[_low & (_ring.Length - 1)];

    /// <summary>The chunk that holds the position, if there is one.</summary>
    public readonly Chunk? Find(long position)
    {
        long page = PageOf(position);
        return page >= _low && page < _high ? _ring[page & (_ring.Length - 1)] : null;
    }

    /// <summary>Makes sure that there is memory for [start, start + length).</summary>
    /// <param name="start">The first position.</param>
    /// <param name="length">The number of bytes.</param>
    /// <param name="origin">Where a first chunk is to begin; at most <paramref name="start"/>.</param>
    /// <param name="isOwed">Whether there has to be memory, whatever the budget says.</param>
    /// <returns>False if the budget does not allow it.</returns>
    public bool TryCover(long start, int length, long origin, bool isOwed = false)
    {
        if (IsEmpty)
        {
            _origin = origin;
            _low = _high = 0;
        }

        long last = PageOf(start + length - 1);
        for (long page = PageOf(start); page <= last; page++)
        {
            if (page < _low || page >= _high || _ring[page & (_ring.Length - 1)] is null)
            {
                if (!TryAdd(page, length, isOwed))
                    return false;
            }
        }

        return true;
    }

    /// <summary>Writes bytes whose memory is covered.</summary>
    public readonly void Write(long position, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Chunk chunk = Find(position)!;
            int offset = (int)(position - chunk.Start);
            int length = Math.Min(bytes.Length, chunk.Size - offset);
            bytes[..length].CopyTo(chunk.Bytes[offset..]);
            bytes = bytes[length..];
            position += length;
        }
    }

    /// <summary>Returns the chunks that lie wholly below the position.</summary>
    public void ReturnBelow(long position)
    {
        while (First is { } chunk && chunk.End <= position)
            Remove(chunk, forget: false);
    }

    /// <summary>Returns the chunks that lie wholly at or beyond the position.</summary>
    public void ReturnFrom(long position)
    {
        long high = _low;
        for (long page = _low; page < _high; page++)
        {
            Chunk? chunk = _ring[page & (_ring.Length - 1)];
            if (chunk is not null && chunk.Start >= position)
                Remove(chunk, forget: false);
            else if (chunk is not null)
                high = page + 1;
        }

        _high = high;
        _low = Math.Min(_low, _high);
    }

    /// <summary>
    /// Releases everything. Memory that a reader may still look at is left to the collector, never recycled.
    /// </summary>
    public void Clear(long lookedAtBelow)
    {
        for (long page = _low; page < _high; page++)
        {
            if (_ring[page & (_ring.Length - 1)] is { } chunk)
                Remove(chunk, forget: chunk.Start < lookedAtBelow);
        }

        _low = _high = 0;
        pool.ReturnRing(_ring);
        _ring = [];
    }

    private readonly long PageOf(long position) => (position - _origin) >> PageShift;

    private bool TryAdd(long page, int length, bool isOwed)
    {
        // A first small segment gets a small chunk; a flow gets large ones.
        bool isLarge = (!IsEmpty || length > Chunk.SmallSize) && IsFree(page, Chunk.LargeSize >> PageShift);
        Chunk? chunk = pool.TryRent(isLarge ? Chunk.LargeSize : Chunk.SmallSize, IsOverdrawn)
            ?? (isOwed ? pool.Rent(Chunk.SmallSize) : pool.TryRent(Chunk.SmallSize, IsOverdrawn));
        if (chunk is null)
            return false;

        int pages = chunk.Size >> PageShift;
        chunk.Start = _origin + (page << PageShift);
        GrowTo(page + pages - _low);
        _high = Math.Max(_high, page + pages);
        for (long i = page; i < page + pages; i++)
            _ring[i & (_ring.Length - 1)] = chunk;
        return true;
    }

    private readonly bool IsFree(long page, int count)
    {
        for (long i = page; i < Math.Min(page + count, _high); i++)
        {
            if (_ring[i & (_ring.Length - 1)] is not null)
                return false;
        }

        return true;
    }

    private void Remove(Chunk chunk, bool forget)
    {
        long page = PageOf(chunk.Start);
        int pages = chunk.Size >> PageShift;
        for (long i = page; i < page + pages; i++)
            _ring[i & (_ring.Length - 1)] = null;
        if (page == _low)
            _low = page + pages;
        Debug.Assert(_low <= _high, "A chunk beyond the last page.");
        if (forget)
            pool.Forget(chunk);
        else
            pool.Return(chunk);
    }

    private void GrowTo(long pages)
    {
        if (pages <= _ring.Length)
            return;
        Chunk?[] larger = pool.RentRing((int)pages);
        for (long page = _low; page < _high; page++)
        {
            ref Chunk? old = ref _ring[page & (_ring.Length - 1)];
            larger[page & (larger.Length - 1)] = old;
            old = null;
        }

        pool.ReturnRing(_ring);
        _ring = larger;
    }
}
