using UserTcp.Buffers;

namespace UserTcp.Runtime;

/// <summary>
/// Chunks at hand for writers, who take them without the door. The thread inside refills what they took from those that
/// the pool keeps. Thread-safe; nobody waits. With 8 large ones sixteen streams got 0.6 of the bytes that 256 give
/// them: writers found none, and new ones are costly to collect.
/// </summary>
internal sealed class ChunkStash : IChunkSource
{
    /// <summary>A sixteenth of the pool's budget may lie ready as chunks of either size.</summary>
    private const int BudgetPerKind = 16;

    private readonly Chunk?[] _small = new Chunk?[64];
    private readonly Chunk?[] _large = new Chunk?[256];
    private bool _isShort;

    public Chunk Take(int minimumBytes)
    {
        if (minimumBytes > Chunk.LargeSize)
            return new Chunk(minimumBytes);

        bool isSmall = minimumBytes <= Chunk.SmallSize;
        Volatile.Write(ref _isShort, true);
        foreach (ref Chunk? place in (isSmall ? _small : _large).AsSpan())
        {
            if (Volatile.Read(ref place) is not null && Interlocked.Exchange(ref place, null) is { } chunk)
                return chunk;
        }

        return new Chunk(isSmall ? Chunk.SmallSize : Chunk.LargeSize);
    }

    /// <summary>Fills the places that are empty with chunks that the pool keeps. Under the door.</summary>
    public void Refill(ChunkPool pool)
    {
        if (!Volatile.Read(ref _isShort))
            return;

        Volatile.Write(ref _isShort, false);
        Refill(_small, Chunk.SmallSize, pool);
        Refill(_large, Chunk.LargeSize, pool);
    }

    private static void Refill(Chunk?[] places, int size, ChunkPool pool)
    {
        int most = (int)Math.Min(places.Length, pool.Budget / BudgetPerKind / size);
        foreach (ref Chunk? place in places.AsSpan(0, most))
        {
            if (Volatile.Read(ref place) is not null)
                continue;
            if (pool.TakeKept(size) is not { } chunk)
                return;
            Volatile.Write(ref place, chunk);
        }
    }
}
