using System.Diagnostics;
using UserTcp.Buffers;
using UserTcp.Primitives;

namespace UserTcp.Tcp.Send;

/// <summary>
/// Sent segments in the order of the sequence space, without a gap. A ring that grows, and goes back to its pool when
/// it is empty.
/// </summary>
/// <param name="pool">Lends the rings; null: one ring is kept.</param>
internal struct SegmentRing(RingPool<SentSegment>? pool)
{
    private SentSegment[] _ring = [];
    private int _head;

    public int Count { readonly get; private set; }

    public readonly ref SentSegment this[int index]
    {
        get
        {
            Debug.Assert((uint)index < (uint)Count);
            return ref _ring[(_head + index) & (_ring.Length - 1)];
        }
    }

    public void Add(in SentSegment segment)
    {
        Debug.Assert(segment.Length > 0 && (Count == 0 || this[Count - 1].End == segment.Seq));
        if (Count == _ring.Length)
            Grow();
        Count++;
        this[Count - 1] = segment;
    }

    /// <summary>Entry <paramref name="index"/> is there twice afterwards. The shorter side moves.</summary>
    public void Double(int index)
    {
        if (Count == _ring.Length)
            Grow();
        Count++;
        if (index < Count / 2)
        {
            _head = (_head - 1) & (_ring.Length - 1);
            for (int i = 0; i <= index; i++)
            {
                this[i] = this[i + 1];
            }

            return;
        }

        for (int i = Count - 1; i > index; i--)
        {
            this[i] = this[i - 1];
        }
    }

    public void RemoveFirst()
    {
        _head = (_head + 1) & (_ring.Length - 1);
        if (--Count == 0)
            Release();
    }

    public void RemoveLast()
    {
        if (--Count == 0)
            Release();
    }

    /// <summary>The first entry that ends after <paramref name="seq"/>; <see cref="Count"/> if none does.</summary>
    public readonly int IndexOf(SeqNumber seq)
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

    /// <summary>
    /// The first entry from <paramref name="first"/> on that was not reported. All entries that are passed learn how
    /// far it reaches, so that a run is walked once and not by each report.
    /// </summary>
    public readonly int EndOfRun(int first, out int steps)
    {
        int end = first;
        for (steps = 0; end < Count && this[end].Has(SentFlags.Sacked); steps++)
        {
            end += this[end].Run;
        }

        for (int i = first; i < end;)
        {
            ref SentSegment segment = ref this[i];
            i += segment.Run;
            segment.Run = (ushort)(end - i + segment.Run);
        }

        return end;
    }

    /// <summary>The octets of all entries that have one of these flags.</summary>
    public readonly uint BytesWith(SentFlags flags)
    {
        uint octets = 0;
        for (int i = 0; i < Count; i++)
        {
            octets += this[i].Has(flags) ? this[i].Length : 0;
        }

        return octets;
    }

    private void Grow()
    {
        int places = Math.Max(1, _ring.Length * 2);
        SentSegment[] larger = pool?.Rent(places) ?? new SentSegment[places];
        for (int i = 0; i < Count; i++)
        {
            larger[i] = this[i];
        }

        pool?.Return(_ring);
        _ring = larger;
        _head = 0;
    }

    private void Release()
    {
        if (pool is null)
            return;
        pool.Return(_ring);
        _ring = [];
        _head = 0;
    }
}
