using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>Which thread sends what became due during a visit to the stack.</summary>
internal enum SendBy
{
    /// <summary>The current thread, before it leaves.</summary>
    CurrentThread,

    /// <summary>The event loop, on whose thread the visit runs, as soon as the continuation returns.</summary>
    EventLoop,

    /// <summary>
    /// The last of the woken connections to return, or a work item behind those that are queued by now.
    /// </summary>
    WokenConnection,
}

/// <summary>
/// Decides for each visit which thread sends. Sending is most of a visit, and one call of the link sends for many
/// connections: if other threads are about to come, the last of them sends for all, within limits. Under the door.
/// </summary>
internal sealed class SendCoalescer
{
    /// <summary>How many visits in a row may defer the sending: about sixteen requests, of four visits each.</summary>
    private const int MaxDeferrals = 64;

    /// <summary>How long the sending is deferred if no woken connection returns.</summary>
    private static readonly TimeSpan s_longestDeferral = TimeSpan.FromMilliseconds(1);

    private int _deferrals;
    private int _expected;
    private bool _isItemQueued;
    private int _loopThread;

    /// <summary>When the loop sends, if no other thread has by then; never, while nothing is deferred.</summary>
    public Instant DeferredUntil { get; private set; } = Instant.Never;

    /// <summary>A connection was woken on the thread pool, and will soon return.</summary>
    public void OnWoken() => _expected++;

    /// <summary>A woken connection has returned.</summary>
    public void OnReturned() => _expected = Math.Max(0, _expected - 1);

    /// <summary>
    /// Outside the door: this thread is the loop's, and runs continuations until <see cref="EndInline"/>. Other threads
    /// may read the field meanwhile; none of them finds its own number.
    /// </summary>
    public void BeginInline() => _loopThread = Environment.CurrentManagedThreadId;

    public void EndInline() => _loopThread = 0;

    /// <summary>Which thread sends after this visit.</summary>
    /// <param name="mayDefer">
    /// Whether the visit is one of a connection that the thread pool or the loop resumes. A call of the application,
    /// such as a connect, sends at once.
    /// </param>
    /// <param name="now">The time of the visit.</param>
    public SendBy Decide(bool mayDefer, Instant now)
    {
        bool isLoop = _loopThread == Environment.CurrentManagedThreadId;
        if (!mayDefer || _deferrals == MaxDeferrals || (!isLoop && _expected == 0))
            return SendBy.CurrentThread;

        _deferrals++;
        if (isLoop)
            return SendBy.EventLoop;

        DeferredUntil = Instant.Min(DeferredUntil, now + s_longestDeferral);
        return SendBy.WokenConnection;
    }

    /// <summary>The current thread sends everything now.</summary>
    public void OnSending()
    {
        _deferrals = 0;
        DeferredUntil = Instant.Never;
    }

    /// <summary>Whether a work item is to be queued, behind the woken connections.</summary>
    public bool TryQueueItem() => !_isItemQueued && (_isItemQueued = true);

    /// <summary>
    /// The work item runs: connections that were woken before it have returned, or do something else. A connection that
    /// is woken just now may return after it, and sends for itself.
    /// </summary>
    public void OnWorkItem()
    {
        _isItemQueued = false;
        _expected = 0;
    }
}
