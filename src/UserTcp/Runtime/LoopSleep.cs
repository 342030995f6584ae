using UserTcp.Primitives;

namespace UserTcp.Runtime;

/// <summary>
/// How long the loop sleeps, and when it looks at the mail at the latest. A thread may leave mail and go, without the
/// lock and without a wake-up, if the loop looks soon (<see cref="WillLook"/>).
/// </summary>
/// <remarks>
/// The first mail that is left asks the loop to look 10 ms later, and no sleep that begins afterwards is longer. If the
/// loop is asleep by then and sleeps for longer, its thread has to serve the mail itself: that costs less than a
/// wake-up. So a busy stack has all such mail served by the way, and an idle one is woken for none of it.
/// <para>
/// Nothing that was left is forgotten. A thread leaves the mail before it asks and looks how long the loop sleeps. The
/// loop says how long it sleeps before it looks for what is asked. A thread inside withdraws what was asked only when
/// its time has come, before it looks for mail for the last time (<see cref="OnLooked"/>).
/// </para>
/// </remarks>
internal sealed class LoopSleep<TSteps>(TSteps steps)
    where TSteps : ILockSteps
{
    /// <summary>How long mail may wait for the loop.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(10);

    private const long Awake = long.MinValue;
    private long _lookAt = Instant.Never.Ticks;
    private long _sleepsUntil = Awake;

    /// <summary>When the loop looks at the mail; never if nobody asked for it.</summary>
    public Instant LookAt => new(Volatile.Read(ref _lookAt));

    /// <summary>Whether the loop sleeps beyond an instant, or does not wake by itself.</summary>
    public bool IsBeyond(Instant instant) => Volatile.Read(ref _sleepsUntil) > instant.Ticks;

    /// <summary>Whether the loop sleeps.</summary>
    public bool IsAsleep => Volatile.Read(ref _sleepsUntil) != Awake;

    /// <summary>After mail was left: whether the loop looks at it in time.</summary>
    public bool WillLook(MonotonicClock clock)
    {
        steps.Next("read when it looks");
        Instant lookAt = LookAt;
        if (lookAt.IsNever)
        {
            lookAt = clock.Now + Patience;
            steps.Next("ask it to look", lookAt.Ticks);
            Volatile.Write(ref _lookAt, lookAt.Ticks);
        }

        Interlocked.MemoryBarrier();
        steps.Next("see how long it sleeps", lookAt.Ticks);
        return !IsBeyond(lookAt);
    }

    /// <summary>By the thread inside, which looks for mail once more when it has left.</summary>
    public void OnLooked(Instant now)
    {
        if (LookAt <= now)
        {
            steps.Next("ask no longer");
            Volatile.Write(ref _lookAt, Instant.Never.Ticks);
        }
    }

    /// <summary>The loop goes to sleep, unless it is to look at the mail.</summary>
    /// <param name="now">The time.</param>
    /// <param name="deadline">Until when it would sleep.</param>
    /// <param name="until">Until when it sleeps.</param>
    /// <returns>False if it may not sleep.</returns>
    public bool TryBegin(Instant now, Instant deadline, out Instant until)
    {
        steps.Next("read when to look");
        until = Instant.Min(deadline, LookAt);
        steps.Next("sleep", until.Ticks);
        Volatile.Write(ref _sleepsUntil, until.Ticks);
        Interlocked.MemoryBarrier();
        steps.Next("read it again");
        Instant lookAt = LookAt;
        if (lookAt >= until && lookAt > now)
            return true;

        WakeUp();
        return false;
    }

    /// <summary>The loop is awake again.</summary>
    public void WakeUp()
    {
        steps.Next("wake up");
        Volatile.Write(ref _sleepsUntil, Awake);
    }
}
