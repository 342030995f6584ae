using System.Buffers;
using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// The bytes for a reader, and those that it gives back. The window follows what is not yet examined, memory what is
/// not yet consumed; in between an application may hold up to <see cref="HeldLimit"/> bytes beyond the window.
/// </summary>
internal sealed partial class ReceiveQueue
{
    private Chunk? _linkedTail;
    private bool _leftUnread;

    /// <summary>
    /// What lies below the application has seen; a read waits for bytes beyond. It may go back: what an application
    /// examined once it may want to see again at once.
    /// </summary>
    public long Examined { get; private set; }

    /// <summary>The application may no longer use memory below this position: it was returned.</summary>
    public long Consumed { get; private set; }

    /// <summary>
    /// All bytes below this position need no window: they were examined, or a reader waits for all of them at once. It
    /// never goes back, as a window must not.
    /// </summary>
    public long Wanted { get; private set; }

    /// <summary>Arrived in order and not yet examined, in bytes: what the window has to leave out.</summary>
    public long Unexamined => ContiguousEnd - Math.Min(ContiguousEnd, Wanted);

    /// <summary>Arrived in order and not yet consumed, in bytes.</summary>
    public long Unconsumed => ContiguousEnd - Consumed;

    /// <summary>
    /// Whether an application that lets go now, or that has, leaves bytes unread (RFC 9293 §3.6.1, SHLD-3).
    /// </summary>
    public bool LeavesUnread => _leftUnread || Unconsumed > 0;

    /// <summary>Whether the reader let go: bytes are counted and dropped.</summary>
    public bool IsReaderGone { get; private set; }

    /// <summary>
    /// The chunks of all that arrived in order and is not consumed, each linked to the next; null if there is nothing.
    /// A reader may look at them, without the door, as far as <see cref="ContiguousEnd"/> is now, until it consumes
    /// them.
    /// </summary>
    public (Chunk Head, Chunk Tail)? Link()
    {
        Debug.Assert(!IsReaderGone, "Nobody is there to look.");
        if (Unconsumed == 0)
            return null;

        Chunk head = _pages.Find(Consumed)!;
        Chunk tail = _pages.Find(ContiguousEnd - 1)!;
        for (Chunk chunk = _linkedTail ?? head; !ReferenceEquals(chunk, tail);)
        {
            Chunk next = _pages.Find(chunk.End)!;
            chunk.Link(next);
            chunk = next;
        }

        _linkedTail = tail;
        return (head, tail);
    }

    /// <summary>All that arrived in order and is not consumed, for a reader and a machine of one thread.</summary>
    public ReadOnlySequence<byte> Read() => Link() is var (head, tail)
        ? new ReadOnlySequence<byte>(head, (int)(Consumed - head.Start), tail, (int)(ContiguousEnd - tail.Start))
        : default;

    /// <summary>The application is done with all below <paramref name="consumed"/>.</summary>
    /// <param name="consumed">Not below what was consumed before.</param>
    /// <param name="examined">Not below <paramref name="consumed"/>, and not beyond what arrived.</param>
    public void AdvanceTo(long consumed, long examined)
    {
        if (IsReaderGone)
            return;
        Debug.Assert(consumed >= Consumed && examined >= consumed, "Positions out of order.");
        Debug.Assert(examined <= ContiguousEnd, "Examined what has not arrived.");
        Consumed = consumed;
        Examined = examined;
        Want(examined);
        ReleaseConsumed();
    }

    /// <summary>The reader waits until all below the position has arrived.</summary>
    public void Want(long position) => Wanted = Math.Max(Wanted, position);

    /// <summary>
    /// The reader lets go. Memory goes back, or is given up, and never recycled, if the application may still look at
    /// it.
    /// </summary>
    /// <param name="isViewReleased">Whether the application said that it looks at nothing any more.</param>
    public void CloseReader(bool isViewReleased)
    {
        if (IsReaderGone)
            return;
        _leftUnread = Unconsumed > 0;
        IsReaderGone = true;
        _pages.Clear(isViewReleased ? long.MinValue : ContiguousEnd);
        _linkedTail = null;
        Examined = Consumed = ContiguousEnd;
        Want(ContiguousEnd);
    }

    /// <summary>Counts bytes that nobody will read.</summary>
    private void DiscardTo(long end)
    {
        _leftUnread = true;
        ContiguousEnd = Examined = Consumed = end;
        Want(end);
    }

    private void ReleaseConsumed()
    {
        if (Unconsumed == 0 && OutOfOrder.Count == 0)
        {
            _pages.Clear(long.MinValue);
            _linkedTail = null;
            return;
        }

        if (_linkedTail is { } tail && tail.End <= Consumed)
            _linkedTail = null;
        _pages.ReturnBelow(Consumed);
    }
}
