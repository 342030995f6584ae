using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>Who sends what became due during a visit to the stack.</summary>
internal enum WhoSends
{
    /// <summary>The visitor, before he leaves.</summary>
    Visitor,

    /// <summary>Who waits outside and comes in next.</summary>
    NextVisitor,

    /// <summary>The loop, on whose thread the visitor runs, as soon as he returns to it.</summary>
    Loop,

    /// <summary>
    /// Whoever of those that were woken comes last, or a work item behind those that are queued by now.
    /// </summary>
    Woken,
}

/// <summary>
/// Settles for each visit who sends. That is most of a visit, and one call of the link sends for many connections:
/// where others are about to come, the last of them sends for all, though nothing waits for more than a few. Under the
/// door.
/// </summary>
internal sealed class SendDuty
{
    /// <summary>How many in a row may leave it to who waits outside.</summary>
    private const int MostPassed = 16;

    /// <summary>How many in a row may put it off: about sixteen requests, of four visits each.</summary>
    private const int MostPutOff = 64;

    /// <summary>How long it is put off where none of those who were woken comes.</summary>
    private static readonly TimeSpan s_longestPutOff = TimeSpan.FromMilliseconds(1);

    private int _passed;
    private int _putOff;
    private int _expected;
    private bool _isItemQueued;
    private int _loopThread;

    /// <summary>When the loop is to send, if nobody has by then; never, while nothing is put off.</summary>
    public Instant PutOffUntil { get; private set; } = Instant.Never;

    /// <summary>A connection is woken on the thread pool, and will soon be back.</summary>
    public void Expect() => _expected++;

    /// <summary>It is.</summary>
    public void Arrive() => _expected = Math.Max(0, _expected - 1);

    /// <summary>
    /// Outside: this thread is the loop's, and runs continuations until <see cref="EndInline"/>. Others may look
    /// meanwhile, and none of them finds itself.
    /// </summary>
    public void BeginInline() => _loopThread = Environment.CurrentManagedThreadId;

    public void EndInline() => _loopThread = 0;

    /// <summary>Who sends after this visit.</summary>
    /// <param name="mayPutOff">
    /// Whether it is one of a connection that is resumed by the thread pool or by the loop, and not of somebody who
    /// wants something done.
    /// </param>
    /// <param name="waiting">How many wait outside.</param>
    /// <param name="now">The time of the visit.</param>
    public WhoSends Assign(bool mayPutOff, int waiting, Instant now)
    {
        if (waiting > 0 && _passed < MostPassed)
        {
            _passed++;
            return WhoSends.NextVisitor;
        }

        bool isLoop = _loopThread == Environment.CurrentManagedThreadId;
        if (!mayPutOff || _putOff == MostPutOff || (!isLoop && _expected == 0))
            return WhoSends.Visitor;

        _putOff++;
        if (isLoop)
            return WhoSends.Loop;

        PutOffUntil = Instant.Min(PutOffUntil, now + s_longestPutOff);
        return WhoSends.Woken;
    }

    /// <summary>All is sent, or about to be.</summary>
    public void Done()
    {
        _passed = _putOff = 0;
        PutOffUntil = Instant.Never;
    }

    /// <summary>Whether a work item is to be queued, behind those who were woken.</summary>
    public bool TryQueueItem() => !_isItemQueued && (_isItemQueued = true);

    /// <summary>
    /// The work item's turn: who was woken before it has come, or has other things to do. Who is woken just now may
    /// come after it, and sends for himself.
    /// </summary>
    public void OnItem()
    {
        _isItemQueued = false;
        _expected = 0;
    }
}
