using System.Diagnostics;
using System.Numerics;

namespace UserTcp.Buffers;

/// <summary>
/// The rings by which queues find their chunks: powers of two, lent while a queue holds bytes, so that an idle
/// connection has none. Used only under the door.
/// </summary>
internal sealed class ChunkRings
{
    private const int SmallestShift = 2;

    /// <summary>From the smallest ring of 4 places to 4,096 places, which span 16 MiB in pages.</summary>
    private const int Sizes = 11;

    /// <summary>So many of each size lie ready; more would be those of a crowd that came once.</summary>
    private const int MostKept = 64;

    private readonly Shelf[] _shelves = new Shelf[Sizes];

    /// <summary>A ring of at least so many places, all of them null.</summary>
    public Chunk?[] Rent(int places)
    {
        int shift = Math.Max(SmallestShift, BitOperations.Log2((uint)Math.Max(places - 1, 1)) + 1);
        int index = shift - SmallestShift;
        if (index >= Sizes || _shelves[index].Count == 0)
            return new Chunk?[1 << shift];

        ref Shelf shelf = ref _shelves[index];
        Chunk?[] ring = shelf.Rings![--shelf.Count];
        shelf.Rings[shelf.Count] = null!;
        return ring;
    }

    /// <summary>Takes a ring back in which nothing is left.</summary>
    public void Return(Chunk?[] ring)
    {
        if (ring.Length == 0)
            return;

        Debug.Assert(Array.TrueForAll(ring, chunk => chunk is null), "A ring came back that still holds a chunk.");
        int index = BitOperations.Log2((uint)ring.Length) - SmallestShift;
        if (index >= Sizes || _shelves[index].Count == MostKept)
            return;

        ref Shelf shelf = ref _shelves[index];
        shelf.Rings ??= new Chunk?[MostKept][];
        shelf.Rings[shelf.Count++] = ring;
    }

    private struct Shelf
    {
        public Chunk?[][]? Rings;
        public int Count;
    }
}
