using System.Buffers;
using System.Diagnostics;

namespace UserTcp.Buffers;

/// <summary>
/// The reader's side. The window follows what is not yet examined, memory what is not yet consumed; in between an
/// application may hold up to <see cref="HeldLimit"/> bytes beyond the window.
/// </summary>
internal sealed partial class ReceiveQueue
{
    private Chunk? _linkedTail;
    private long _viewStart;
    private long _viewEnd;
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

    /// <summary>Whether the application is looking at a result of <see cref="Read"/>.</summary>
    public bool IsViewOut { get; private set; }

    /// <summary>Whether as much is examined and not consumed as an application may hold.</summary>
    public bool IsHeldFull => Examined - Consumed >= HeldLimit;

    /// <summary>
    /// All that arrived in order and is not consumed. The view stays valid, without the door, until
    /// <see cref="AdvanceTo"/>.
    /// </summary>
    public ReadOnlySequence<byte> Read()
    {
        Debug.Assert(!IsViewOut && !IsReaderGone, "A view is out, or nobody is there to look.");
        IsViewOut = true;
        _viewStart = Consumed;
        _viewEnd = ContiguousEnd;
        if (Unconsumed == 0)
            return default;

        Chunk head = _pages.Find(Consumed)!;
        Chunk tail = _pages.Find(ContiguousEnd - 1)!;
        for (Chunk chunk = _linkedTail ?? head; !ReferenceEquals(chunk, tail);)
        {
            Chunk next = _pages.Find(chunk.End)!;
            chunk.Link(next);
            chunk = next;
        }

        _linkedTail = tail;
        return new ReadOnlySequence<byte>(
            head, (int)(Consumed - head.Start), tail, (int)(ContiguousEnd - tail.Start));
    }

    /// <summary>The position in the stream of a position in the view that is out, or an exception.</summary>
    /// <exception cref="InvalidOperationException">It lies outside the view that is out.</exception>
    public long Translate(SequencePosition position)
    {
        if (position.GetObject() is null && position.GetInteger() == 0)
            return _viewStart;
        if (position.GetObject() is Chunk chunk && ReferenceEquals(_pages.Find(chunk.Start), chunk))
        {
            long translated = chunk.Start + position.GetInteger();
            if (translated >= _viewStart && translated <= _viewEnd)
                return translated;
        }

        throw new InvalidOperationException(
            "The position lies outside the buffer that was read last: pass AdvanceTo positions of ReadResult.Buffer.");
    }

    /// <summary>The application is done with the view: all below <paramref name="consumed"/> may go.</summary>
    /// <param name="consumed">Within the view.</param>
    /// <param name="examined">Within the view, and not below <paramref name="consumed"/>.</param>
    public void AdvanceTo(long consumed, long examined)
    {
        IsViewOut = false;
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
    /// The reader lets go. Memory goes back, but for what a view that is still out covers: that is given up, never
    /// recycled.
    /// </summary>
    /// <param name="isViewReleased">Whether the application said that it looks at no view any more.</param>
    public void CloseReader(bool isViewReleased)
    {
        if (IsReaderGone)
            return;
        _leftUnread = Unconsumed > 0;
        IsReaderGone = true;
        _pages.Clear(IsViewOut && !isViewReleased ? _viewEnd : long.MinValue);
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
        if (Unconsumed == 0 && OutOfOrder.Count == 0 && !IsViewOut)
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
