using System.Diagnostics;
using UserTcp.Primitives;

namespace UserTcp.Buffers;

/// <summary>
/// The buffer memory of a shard: chunks of 4 KiB and 64 KiB, recycled last in, first out (the warmest first). The
/// shards of a stack have one budget. Used only under the door, but for a look at the pressure. Bytes of writers count
/// from their flush on.
/// </summary>
/// <remarks>
/// Several shards tell one another what is out in steps, a 64th of the budget together: otherwise each chunk would take
/// the sum's cache line away from all others, who read it for each segment.
/// </remarks>
internal sealed class ChunkPool : IChunkSource
{
    private readonly RingPool<Chunk?> _rings = new(smallest: 4);
    private readonly SharedCount _bytesOut;
    private readonly SharedCount _overdrawn;
    private readonly long _mostKept;
    private readonly long _step;
    private long _own;
    private long _told; // of its own, what the sum contains
    private Chunk? _small;
    private Chunk? _large;

    /// <param name="budgetBytes">
    /// What may be out at once, in bytes. Receivers are refused above it; writers are not, their bound is
    /// back-pressure.
    /// </param>
    public ChunkPool(long budgetBytes)
        : this(budgetBytes, shards: 1, new SharedCount(), new SharedCount())
    {
    }

    private ChunkPool(long budgetBytes, int shards, SharedCount bytesOut, SharedCount overdrawn)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetBytes, Chunk.LargeSize);
        Budget = budgetBytes;
        _mostKept = budgetBytes / 4 / shards;
        _step = shards == 1 ? 0 : budgetBytes / 64 / shards;
        _bytesOut = bytesOut;
        _overdrawn = overdrawn;
    }

    /// <summary>What may be out at once, in bytes, of all shards together.</summary>
    public long Budget { get; }

    /// <summary>
    /// The bytes of all chunks that are rented, of all shards together: exactly so if no other shard has any, otherwise
    /// within a 64th of the budget.
    /// </summary>
    public long BytesOut => _bytesOut.Value + (_own - _told);

    /// <summary>
    /// Of these, what single writes hold beyond what their connections may. It is not counted against the budget of the
    /// others: only those who hold it feel it.
    /// </summary>
    public long Overdrawn => _overdrawn.Value;

    /// <summary>
    /// The bytes of the chunks that lie ready here; in all shards together at most a quarter of the budget.
    /// </summary>
    public long BytesKept { get; private set; }

    /// <summary>The pool of one of several shards, under this budget.</summary>
    public ChunkPool ForShard(int shards) => new(Budget, shards, _bytesOut, _overdrawn);

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
    public void Adopt(Chunk chunk) => Count(chunk.Size);

    /// <summary>As <see cref="Rent"/>, unless the budget is used up.</summary>
    public Chunk? TryRent(int minimumBytes, bool isOverdrawn = false) =>
        Charged(isOverdrawn) + SizeFor(minimumBytes) <= Budget ? Rent(minimumBytes) : null;

    /// <summary>The overdraft of a connection has changed.</summary>
    public void Overdraw(long change)
    {
        _overdrawn.Add(change);
        Debug.Assert(Overdrawn >= 0, "More was given back than is overdrawn.");
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
        if (BytesKept + chunk.Size > _mostKept)
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
        Count(-chunk.Size);
        Debug.Assert(_own >= 0, "A chunk came back twice.");
    }

    private void Count(long change)
    {
        _own += change;
        long untold = _own - _told;
        if (_own != 0 && Math.Abs(untold) < _step)
            return;

        _told = _own;
        _bytesOut.Add(untold);
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
