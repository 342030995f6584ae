using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// The bytes that an application wrote, by position, until they are acknowledged. They are sent, and sent again, from
/// the memory into which the application wrote them. One chunk is one extent: a ring of chunks in ascending order,
/// found by a cursor and by binary search. This file is the side under the door, the writer's is
/// <c>SendQueue.Writer.cs</c>.
/// </summary>
internal sealed unsafe partial class SendQueue
{
    private readonly ChunkPool _pool;
    private Chunk?[] _ring = [];
    private int _head;
    private int _count;
    private int _cursor;
    private long _held;
    private long _overdrawn;

    private long _start;
    private int _limit = int.MaxValue;
    private bool _isAbandoned;

    public SendQueue(ChunkPool pool)
    {
        _pool = pool;
        Source = pool;
    }

    /// <summary>The oldest position that is held: all below is acknowledged.</summary>
    public long Start
    {
        get => Atomic.Read(ref _start);
        private set => Atomic.Write(ref _start, value);
    }

    /// <summary>The position after the last byte that the machine may send.</summary>
    public long End { get; private set; }

    /// <summary>Published and not acknowledged, in bytes.</summary>
    public long Unacknowledged => End - Start;

    /// <summary>How many bytes may be unacknowledged before a flush waits; it resumes below half.</summary>
    public int Limit
    {
        get => Atomic.Read(ref _limit);
        set => Atomic.Write(ref _limit, value);
    }

    /// <summary>Whether a flush waits for room.</summary>
    public bool IsWriterWaiting { get; set; }

    /// <summary>
    /// The most that <see cref="Limit"/> would be with memory to spare. The bytes that a single write holds beyond it,
    /// and beyond the chunk that it fills, are overdrawn.
    /// </summary>
    public int Allowance
    {
        get;
        set
        {
            field = value;
            Account();
        }
    } = int.MaxValue;

    /// <summary>Whether a write holds more than the connection may.</summary>
    public bool IsOverdrawn => _overdrawn > 0;

    /// <summary>Whether the stack's memory is nearly used up: writers are to wait early.</summary>
    public bool IsUnderPressure => _pool.IsUnderPressure(IsOverdrawn);

    /// <summary>Whether the connection is over: what is written from now on is discarded.</summary>
    public bool IsAbandoned => Atomic.Read(ref _isAbandoned);

    /// <summary>Accepts what the writer flushed, for a writer and a machine of one thread.</summary>
    /// <returns>Whether there was anything new.</returns>
    public bool Publish() => Flush() && Accept(Flushed);

    /// <summary>Takes over what the writer flushed.</summary>
    /// <param name="end">The position after its last byte.</param>
    /// <returns>Whether there was anything new.</returns>
    public bool Accept(long end)
    {
        if (IsWriterGone || IsAbandoned)
            return false;
        bool isNew = end > End;
        if (isNew)
        {
            TakeChain(end);
            End = end;
        }
        else if (Start == End)
        {
            TryReclaim();
        }

        return isNew;
    }

    /// <summary>
    /// Nobody writes any more: all that the writer advanced over is accepted, flushed or not, and nothing that follows.
    /// A writer may be at work just now: the memory that it fills stays its own for good.
    /// </summary>
    /// <returns>Whether there was anything new.</returns>
    public bool CloseWriter()
    {
        bool isNew = Accept(Advanced);
        Atomic.Write(ref _isWriterGone, true);
        if (Start == End)
            TryReclaim();
        return isNew;
    }

    /// <summary>
    /// Finds the memory of a run of bytes. At most two pieces: where a third would be needed, fewer bytes are covered.
    /// </summary>
    /// <param name="position">The first byte; not below <see cref="Start"/>.</param>
    /// <param name="length">How many are wanted; cut at <see cref="End"/>.</param>
    /// <param name="first">The first piece.</param>
    /// <param name="second">The second piece; often empty.</param>
    /// <returns>How many bytes the pieces cover; 0 if the position is not held.</returns>
    public int Gather(long position, int length, out BufferPiece first, out BufferPiece second)
    {
        first = default;
        second = default;
        length = (int)Math.Min(length, End - position);
        if (position < Start || length <= 0)
            return 0;

        int index = Find(position);
        first = Piece(index, position, length);
        if (first.Length < length && index + 1 < _count)
            second = Piece(index + 1, position + first.Length, length - first.Length);
        return first.Length + second.Length;
    }

    /// <summary>Copies a run of bytes; as many as are held.</summary>
    public int CopyTo(long position, Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length)
        {
            int covered = Gather(position + copied, destination.Length - copied, out BufferPiece first, out _);
            if (covered == 0)
                break;
            first.Span.CopyTo(destination[copied..]);
            copied += first.Length;
        }

        return copied;
    }

    /// <summary>
    /// All below the position is acknowledged: its memory goes back, the tail's too once nothing is left.
    /// </summary>
    public void FreeBelow(long position)
    {
        if (position <= Start)
            return;
        Debug.Assert(position <= End, "An acknowledgement of what was never published.");
        Start = Math.Min(position, End);
        while (_count > 1 && At(1).Start <= Start)
            Return(RemoveHead());
        if (Start == End)
            TryReclaim();
    }

    /// <summary>
    /// The connection is over. All memory goes back, but for what a writer holds just now: that is given up, never
    /// recycled.
    /// </summary>
    public void Abandon()
    {
        if (IsAbandoned)
            return;
        Atomic.Write(ref _isAbandoned, true);
        Start = End;
        while (_count > 1)
            Return(RemoveHead());
        if (TryReclaim())
            return;
        if (_count > 0)
            Forget(RemoveHead());
        ReturnRing();
    }

    /// <summary>
    /// Takes all chunks back if the writer has none of them, and nothing waits in them to be accepted.
    /// </summary>
    private bool TryReclaim()
    {
        int word = Atomic.Read(ref _holder);
        if ((word & StateMask) == WithWriter || (!IsDiscarding && Advanced != End))
            return false;
        if (!Atomic.Exchange(ref _holder, (word & ~StateMask) | Reclaimed, word))
            return false;
        while (_count > 0)
            Return(RemoveHead());
        ReturnRing();
        _cursor = 0;
        return true;
    }

    private void TakeChain(long end)
    {
        Chunk? next = _count == 0 ? _chain : At(_count - 1).Following;
        while (next is not null && next.Start < end)
        {
            Adopt(next);
            next = next.Following;
        }
    }

    private void Adopt(Chunk chunk)
    {
        Append(chunk);
        _pool.Adopt(chunk);
        _held += chunk.Size;
        Account();
    }

    // Told before the chunk goes: never is more overdrawn than is out.
    private void Return(Chunk chunk)
    {
        _held -= chunk.Size;
        Account();
        _pool.Return(chunk);
    }

    private void Forget(Chunk chunk)
    {
        _held -= chunk.Size;
        Account();
        _pool.Forget(chunk);
    }

    private void Account()
    {
        long overdrawn = Math.Max(0, _held - Allowance - Chunk.LargeSize);
        if (overdrawn == _overdrawn)
            return;

        _pool.Overdraw(overdrawn - _overdrawn);
        _overdrawn = overdrawn;
    }

    private Chunk At(int index) => _ring[(_head + index) & (_ring.Length - 1)]!;

    private BufferPiece Piece(int index, long position, int length)
    {
        Chunk chunk = At(index);
        int offset = (int)(position - chunk.Start);
        long end = index + 1 < _count ? At(index + 1).Start : End;
        return new BufferPiece
        {
            Pointer = chunk.Pointer + offset,
            Length = (int)Math.Min(length, end - position),
        };
    }

    /// <summary>The last chunk that starts at or below the position. New data is found by the cursor.</summary>
    private int Find(long position)
    {
        if (!Holds(_cursor, position) && !Holds(++_cursor, position))
            _cursor = Search(position);
        return _cursor;
    }

    private bool Holds(int index, long position) =>
        index < _count && At(index).Start <= position && (index + 1 == _count || position < At(index + 1).Start);

    private int Search(long position)
    {
        int low = 0;
        int high = _count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (At(middle).Start <= position)
                low = middle;
            else
                high = middle - 1;
        }

        return low;
    }

    private void Append(Chunk chunk)
    {
        if (_count == _ring.Length)
            GrowRing();

        _ring[(_head + _count++) & (_ring.Length - 1)] = chunk;
    }

    private void GrowRing()
    {
        Chunk?[] larger = _pool.RentRing(_count + 1);
        for (int i = 0; i < _count; i++)
            larger[i] = At(i);
        Array.Clear(_ring);
        ReturnRing();
        _ring = larger;
    }

    /// <summary>No chunk is left in the ring.</summary>
    private void ReturnRing()
    {
        _pool.ReturnRing(_ring);
        _ring = [];
        _head = 0;
    }

    private Chunk RemoveHead()
    {
        Chunk chunk = At(0);
        _ring[_head] = null;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
        _cursor = Math.Max(0, _cursor - 1);
        return chunk;
    }
}
