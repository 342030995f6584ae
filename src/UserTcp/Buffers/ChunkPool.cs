using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// The buffer memory of a stack: chunks of 4 KiB and 64 KiB, recycled last in, first out (the warmest first), under one
/// budget. Used only under the door, but for a look at the pressure. Bytes of writers count from their flush on.
/// </summary>
internal sealed class ChunkPool : IChunkSource
{
    private readonly ChunkRings _rings = new();
    private Chunk? _small;
    private Chunk? _large;

    /// <param name="budgetBytes">
    /// What may be out at once, in bytes. Receivers are refused above it; writers are not, their bound is
    /// back-pressure.
    /// </param>
    public ChunkPool(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetBytes, Chunk.LargeSize);
        Budget = budgetBytes;
    }

    public long Budget { get; }

    /// <summary>The bytes of all chunks that are rented.</summary>
    public long BytesOut { get; private set; }

    /// <summary>
    /// Of these, what single writes hold beyond what their connections may. It is not counted against the budget of the
    /// others: only those who hold it feel it.
    /// </summary>
    public long Overdrawn { get; private set; }

    /// <summary>The bytes of the chunks that lie ready; at most a quarter of the budget.</summary>
    public long BytesKept { get; private set; }

    /// <summary>At 7/8 of the budget: windows stop growing, and out-of-order data is refused.</summary>
    /// <param name="isOverdrawn">Whether it is asked for a connection that holds too much itself.</param>
    public bool IsUnderPressure(bool isOverdrawn = false) => Charged(isOverdrawn) >= Budget - Budget / 8;

    /// <summary>Rents a chunk of 4 KiB or 64 KiB; a larger request gets one of its own size.</summary>
    public Chunk Rent(int minimumBytes)
    {
        Chunk chunk = Take(minimumBytes);
        Adopt(chunk);
        return chunk;
    }

    /// <summary>As <see cref="Rent"/>, for a writer: it counts once a queue adopts it.</summary>
    public Chunk Take(int minimumBytes)
    {
        int size = SizeFor(minimumBytes);
        return TakeKept(size) ?? new Chunk(size);
    }

    /// <summary>As <see cref="Take"/>, of exactly this size, if one lies ready.</summary>
    public Chunk? TakeKept(int size) => size switch
    {
        Chunk.SmallSize => Pop(ref _small),
        Chunk.LargeSize => Pop(ref _large),
        _ => null,
    };

    /// <summary>Counts a chunk that was taken as rented.</summary>
    public void Adopt(Chunk chunk) => BytesOut += chunk.Size;

    /// <summary>As <see cref="Rent"/>, unless the budget is used up.</summary>
    public Chunk? TryRent(int minimumBytes, bool isOverdrawn = false) =>
        Charged(isOverdrawn) + SizeFor(minimumBytes) <= Budget ? Rent(minimumBytes) : null;

    /// <summary>The overdraft of a connection has changed.</summary>
    public void Overdraw(long change)
    {
        Overdrawn += change;
        Debug.Assert(Overdrawn >= 0 && Overdrawn <= BytesOut, "More is overdrawn than is out.");
    }

    /// <summary>Rents a ring of at least so many places, all of them null.</summary>
    public Chunk?[] RentRing(int places) => _rings.Rent(places);

    /// <summary>Takes a ring back in which nothing is left.</summary>
    public void ReturnRing(Chunk?[] ring) => _rings.Return(ring);

    /// <summary>Takes a chunk back. Nobody may look at its memory any more.</summary>
    public void Return(Chunk chunk)
    {
        Forget(chunk);
        chunk.Clear();
        if (BytesKept + chunk.Size > Budget / 4)
            return;
        if (chunk.Size == Chunk.SmallSize)
            Push(ref _small, chunk);
        else if (chunk.Size == Chunk.LargeSize)
            Push(ref _large, chunk);
    }

    /// <summary>
    /// Gives a chunk up that an application may still be looking at: it is no longer counted, and never given to
    /// anybody else.
    /// </summary>
    public void Forget(Chunk chunk)
    {
        BytesOut -= chunk.Size;
        Debug.Assert(BytesOut >= 0, "A chunk came back twice.");
    }

    private long Charged(bool isOverdrawn) => isOverdrawn ? BytesOut : BytesOut - Overdrawn;

    private static int SizeFor(int minimumBytes) =>
        minimumBytes <= Chunk.SmallSize ? Chunk.SmallSize : Math.Max(minimumBytes, Chunk.LargeSize);

    private Chunk? Pop(ref Chunk? top)
    {
        Chunk? chunk = top;
        if (chunk is null)
            return null;
        top = chunk.Below;
        chunk.Below = null;
        BytesKept -= chunk.Size;
        return chunk;
    }

    private void Push(ref Chunk? top, Chunk chunk)
    {
        Debug.Assert(chunk.Below is null && !ReferenceEquals(top, chunk), "A chunk came back twice.");
        chunk.Below = top;
        top = chunk;
        BytesKept += chunk.Size;
    }
}
