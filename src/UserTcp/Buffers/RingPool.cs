using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace UserTcp.Buffers;

/// <summary>
/// Arrays whose lengths are powers of two, lent while something is in them, so that an idle connection has none: the
/// rings by which queues find their chunks, and those of what was sent. Used only under the door.
/// </summary>
internal sealed class RingPool<T>
{
    /// <summary>From the smallest ring to one of 16,384 times its places.</summary>
    private const int Sizes = 15;

    /// <summary>So many of each size lie ready at most; more would be those of a crowd that came once.</summary>
    private const int MostKept = 64;

    private const int MostBytesKept = 2 << 20;

    private readonly int _smallestShift;
    private readonly Shelf[] _shelves = new Shelf[Sizes];

    /// <param name="smallest">The places of the smallest ring, a power of two.</param>
    public RingPool(int smallest) => _smallestShift = BitOperations.Log2((uint)smallest);

    /// <summary>A ring of at least so many places. Places that hold references are null.</summary>
    public T[] Rent(int places)
    {
        int shift = Math.Max(_smallestShift, BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)places)));
        int index = shift - _smallestShift;
        if (index >= Sizes || _shelves[index].Count == 0)
            return new T[1 << shift];

        ref Shelf shelf = ref _shelves[index];
        T[] ring = shelf.Rings![--shelf.Count];
        shelf.Rings[shelf.Count] = null!;
        return ring;
    }

    /// <summary>Takes a ring back in which nothing is left.</summary>
    public void Return(T[] ring)
    {
        if (ring.Length == 0)
            return;

        Debug.Assert(
            !RuntimeHelpers.IsReferenceOrContainsReferences<T>() || Array.TrueForAll(ring, place => place is null),
            "A ring came back that still holds something.");
        int index = BitOperations.Log2((uint)ring.Length) - _smallestShift;
        if (index >= Sizes || _shelves[index].Count == MostOf(ring.Length))
            return;

        ref Shelf shelf = ref _shelves[index];
        shelf.Rings ??= new T[MostOf(ring.Length)][];
        shelf.Rings[shelf.Count++] = ring;
    }

    private static int MostOf(int places) =>
        (int)Math.Clamp(MostBytesKept / ((long)places * Unsafe.SizeOf<T>()), 1, MostKept);

    private struct Shelf
    {
        public T[][]? Rings;
        public int Count;
    }
}
