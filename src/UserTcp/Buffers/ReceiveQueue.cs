using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// The bytes that arrived, by position, until the application has consumed them. Bytes that come out of order are
/// written where they belong, and a <see cref="RangeSet"/> remembers them: there is no second store and no second copy.
/// This file is the machine's side; the reader's is in <c>ReceiveQueue.Reader.cs</c>. All of it is used only under the
/// door, but for a look at <see cref="HeldLimit"/> and <see cref="Wanted"/> under the lock of the reader.
/// </summary>
internal sealed partial class ReceiveQueue
{
    /// <summary>Out-of-order ranges that are kept at least, whatever the capacity.</summary>
    public const int LeastRanges = 256;

    // A slow start that overshoots leaves a hole for every other segment of a window: a fixed number would drop what
    // arrives, and the sender had to find out by time. A range for each KiB costs a sixty-fourth of what it describes.
    private const int MostRanges = 16_384;
    private const int BytesPerRange = 1024;

    /// <summary>The in-order text that a connection may always hold, in bytes.</summary>
    public const int AlwaysHeld = 2 * Chunk.SmallSize;

    private readonly ChunkPool _pool;
    private ChunkPages _pages;
    private RangeSet _outOfOrder = new(LeastRanges);

    public ReceiveQueue(ChunkPool pool, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        _pool = pool;
        _pages = new ChunkPages(pool);
        Capacity = capacity;
        HeldLimit = 4L * capacity;
    }

    /// <summary>The receive buffer: the window is this less <see cref="Unexamined"/>.</summary>
    public int Capacity
    {
        get;
        set
        {
            field = value;
            OutOfOrder.MaximumCount = Math.Clamp(value / BytesPerRange, LeastRanges, MostRanges);
        }
    }

    /// <summary>How many bytes an application may hold examined and not consumed: they lie beyond the window.</summary>
    public long HeldLimit { get; set; }

    /// <summary>Whether the connection's writer holds more than it may: then all that is held counts here.</summary>
    public bool IsOverdrawn
    {
        get => _pages.IsOverdrawn;
        set => _pages.IsOverdrawn = value;
    }

    /// <summary>Whether the stack's memory is nearly used up: windows are not to grow.</summary>
    public bool IsUnderPressure => _pool.IsUnderPressure(IsOverdrawn);

    /// <summary>The position after the last byte that arrived without a hole before it: RCV.NXT.</summary>
    public long ContiguousEnd { get; private set; }

    /// <summary>The ranges that arrived beyond a hole.</summary>
    public ref RangeSet OutOfOrder => ref _outOfOrder;

    /// <summary>The position after the last byte that arrived at all.</summary>
    public long HighestEnd => Math.Max(ContiguousEnd, OutOfOrder.HighestEnd);

    /// <summary>Whether <see cref="ContiguousEnd"/> is the end of the stream.</summary>
    public bool IsFinished { get; private set; }

    /// <summary>Whether the connection is over: nothing is stored from now on.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>The peer's FIN was reached: no byte follows.</summary>
    public void Finish()
    {
        Debug.Assert(OutOfOrder.Count == 0, "Bytes beyond the end of the stream.");
        IsFinished = true;
    }

    /// <summary>
    /// Stores bytes at their position, in order or not. Bytes that are there already stay as they are.
    /// </summary>
    /// <param name="position">The position of the first byte; may lie below <see cref="ContiguousEnd"/>.</param>
    /// <param name="bytes">The bytes, all within the window.</param>
    /// <param name="stored">
    /// The run of bytes that the new ones are now part of: ends at <see cref="ContiguousEnd"/> if they came in order,
    /// is the merged out-of-order range if not, and empty if all of them were below.
    /// </param>
    /// <returns>
    /// False if they were refused, all of them: for want of memory (out-of-order bytes first), for too many holes, or
    /// because the application holds too much.
    /// </returns>
    public bool TryWrite(long position, ReadOnlySpan<byte> bytes, out BufferRange stored)
    {
        long start = Math.Max(position, ContiguousEnd);
        long end = position + bytes.Length;
        stored = new BufferRange(start, start);
        if (start >= end)
            return true;
        if (IsFinished || IsAbandoned)
            return false;

        bytes = bytes[(int)(start - position)..];
        return start == ContiguousEnd
            ? TryAppend(bytes, end, out stored)
            : TryStoreBeyond(start, bytes, end, out stored);
    }

    /// <summary>The first run within [start, end) that arrived before; empty if there is none.</summary>
    public BufferRange FirstKnown(long start, long end)
    {
        if (start < ContiguousEnd)
            return new BufferRange(start, Math.Min(end, ContiguousEnd));

        int first = OutOfOrder.Count == 0 ? 0 : OutOfOrder.FirstEndingAtOrAfter(start + 1);
        return first < OutOfOrder.Count && OutOfOrder[first].Start < end
            ? new BufferRange(Math.Max(start, OutOfOrder[first].Start), Math.Min(end, OutOfOrder[first].End))
            : default;
    }

    /// <summary>
    /// The connection is over. What arrived in order stays for the reader; what lies beyond a hole goes back.
    /// </summary>
    public void Abandon()
    {
        if (IsAbandoned)
            return;
        IsAbandoned = true;
        OutOfOrder.Clear();
        _pages.ReturnFrom(ContiguousEnd);
        ReleaseConsumed();
    }

    private bool TryAppend(ReadOnlySpan<byte> bytes, long end, out BufferRange stored)
    {
        long start = ContiguousEnd;
        stored = new BufferRange(start, start);
        if (IsReaderGone)
        {
            DiscardTo(end);
        }
        else
        {
            if (!HasRoomFor(end) || !TryCoverInOrder(start, bytes.Length))
                return false;
            if (OutOfOrder.Count == 0)
                _pages.Write(start, bytes);
            else
                WriteGaps(start, bytes, end);
            ContiguousEnd = end;
        }

        TakeReachedRanges();
        stored = new BufferRange(start, ContiguousEnd);
        return true;
    }

    // What came out of order was never promised to be kept (RFC 2018 §8): it makes room for what came in order. And a
    // little may always be held: if what two stacks wrote filled the memory of both, neither could take the other's.
    private bool TryCoverInOrder(long start, int length)
    {
        if (_pages.TryCover(start, length, start))
            return true;
        if (OutOfOrder.Count > 0)
            DropOutOfOrder();
        bool isOwed = start + length - Consumed <= AlwaysHeld;
        return _pages.TryCover(start, length, start, isOwed);
    }

    /// <summary>Gives the memory back of all that lies beyond a hole.</summary>
    public void DropOutOfOrder()
    {
        OutOfOrder.Clear();
        _pages.ReturnFrom(ContiguousEnd);
    }

    private bool TryStoreBeyond(long start, ReadOnlySpan<byte> bytes, long end, out BufferRange stored)
    {
        stored = new BufferRange(start, start);
        if (!OutOfOrder.CanAdd(start, end))
            return false;
        if (!IsReaderGone)
        {
            if (IsUnderPressure || !HasRoomFor(end) || !_pages.TryCover(start, bytes.Length, ContiguousEnd))
                return false;
            WriteGaps(start, bytes, end);
        }

        return OutOfOrder.Add(start, end, out stored);
    }

    private bool HasRoomFor(long end) => end - Consumed <= HeldLimit + Capacity;

    /// <summary>Writes what no range covers yet: a byte that was accepted once is never replaced.</summary>
    private void WriteGaps(long start, ReadOnlySpan<byte> bytes, long end)
    {
        long position = start;
        for (int i = OutOfOrder.FirstEndingAtOrAfter(start); i < OutOfOrder.Count && position < end; i++)
        {
            BufferRange there = OutOfOrder[i];
            if (there.Start > position)
                _pages.Write(position, Slice(bytes, start, position, Math.Min(there.Start, end)));
            position = Math.Max(position, there.End);
        }

        if (position < end)
            _pages.Write(position, Slice(bytes, start, position, end));
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> bytes, long start, long from, long to) =>
        bytes[(int)(from - start)..(int)(to - start)];

    private void TakeReachedRanges()
    {
        if (OutOfOrder.Count == 0)
            return;
        if (OutOfOrder[0].Start <= ContiguousEnd)
        {
            int last = 0;
            while (last + 1 < OutOfOrder.Count && OutOfOrder[last + 1].Start <= ContiguousEnd)
                last++;
            ContiguousEnd = Math.Max(ContiguousEnd, OutOfOrder[last].End);
            if (IsReaderGone)
                DiscardTo(ContiguousEnd);
        }

        OutOfOrder.RemoveBelow(ContiguousEnd);
    }
}
