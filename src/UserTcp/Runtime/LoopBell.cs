using UserTcp.Links;
using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// Tells the loop what others left for it: an earlier deadline, or frames that the link did not take. The loop is
/// woken only if it sleeps past that.
/// </summary>
/// <remarks>
/// Dekker's pattern. Who leaves the door writes the news and then looks whether the loop sleeps; the loop says until
/// when it sleeps and then looks for news. With a full fence between the two on both sides, at least one sees the
/// other.
/// </remarks>
internal sealed class LoopBell(LinkDevice link)
{
    private readonly LoopSleep<FreeSteps> _sleep = new(default);
    private long _deadline = Instant.Never.Ticks;
    private bool _hasOutput;
    private bool _isBlocked;
    private bool _isAsked;
    private bool _mustStop;

    public bool MustStop => Volatile.Read(ref _mustStop);

    /// <summary>Whether there is anything to do for the loop besides receiving.</summary>
    public bool IsDue(Instant now) =>
        Volatile.Read(ref _hasOutput) || Volatile.Read(ref _isAsked) || Deadline <= now;

    /// <summary>
    /// Whether frames wait for a link that the loop has seen full: the link's own wait ends when it takes them.
    /// </summary>
    public bool IsBlocked => Volatile.Read(ref _isBlocked);

    /// <summary>The stack's next deadline, as it was last published, or when the loop has to look at the mail.</summary>
    public Instant Deadline => Instant.Min(Published, _sleep.LookAt);

    private Instant Published => new(Volatile.Read(ref _deadline));

    /// <summary>Under the door, by whoever leaves it.</summary>
    /// <param name="deadline">The stack's next one.</param>
    /// <param name="hasOutput">Whether frames remain that the loop has to see to.</param>
    /// <param name="isBlocked">Whether frames remain that the loop found the link to be too full for.</param>
    public void Publish(Instant deadline, bool hasOutput, bool isBlocked)
    {
        Volatile.Write(ref _deadline, deadline.Ticks);
        Volatile.Write(ref _hasOutput, hasOutput);
        Volatile.Write(ref _isBlocked, isBlocked);
    }

    /// <summary>Under the door, by whoever leaves it and has sent nothing: the rest is as it was.</summary>
    public void Publish(Instant deadline) => Volatile.Write(ref _deadline, deadline.Ticks);

    /// <summary>After leaving; not by the loop itself.</summary>
    public void RingIfNeeded()
    {
        Interlocked.MemoryBarrier();
        if (_sleep.IsAsleep && (Volatile.Read(ref _hasOutput) || _sleep.IsBeyond(Published) || MustStop))
            link.Wake();
    }

    /// <summary>
    /// After mail was left: whether the loop will look at it within some milliseconds. If not, the caller has to see to
    /// it.
    /// </summary>
    public bool WillLook(MonotonicClock clock) => _sleep.WillLook(clock) && !MustStop;

    /// <summary>Under the door, by whoever leaves it and then looks for mail again.</summary>
    public void OnLooked(Instant now) => _sleep.OnLooked(now);

    /// <summary>The loop is to serve and to send what remains; for who is not inside and will not be.</summary>
    public void AskForTurn()
    {
        Volatile.Write(ref _isAsked, true);
        link.Wake();
    }

    /// <summary>Under the door, by the loop, before it sends what is due.</summary>
    public void TakeTurn() => Volatile.Write(ref _isAsked, false);

    public void Stop()
    {
        Volatile.Write(ref _mustStop, true);
        link.Wake();
    }

    /// <summary>The loop goes to sleep: the deadline to sleep to, or false if there is something to do.</summary>
    public bool TrySleep(Instant now, out Instant deadline)
    {
        if (!_sleep.TryBegin(now, Published, out deadline))
            return false;
        if (!IsDue(now) && !MustStop && Published >= deadline)
            return true;

        WakeUp();
        return false;
    }

    /// <summary>The loop is awake again.</summary>
    public void WakeUp() => _sleep.WakeUp();
}
