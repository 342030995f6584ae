using UserTcp.Links;

namespace UserTcp.Tests.Links;

/// <summary>A thread in <see cref="LinkDevice.Wait"/>, and the action that should end its wait.</summary>
internal static class LinkWait
{
    /// <summary>Ends a test that hangs, and says nothing of how fast it should be.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static bool EndsBy(LinkDevice link, Action action)
    {
        bool isWoken = false;
        var waiter = new Thread(() => isWoken = link.Wait(Limit));
        waiter.Start();
        while (waiter.ThreadState != ThreadState.WaitSleepJoin && waiter.IsAlive)
            Thread.Yield();
        action();
        return waiter.Join(Limit) && isWoken;
    }
}
