using System.Diagnostics;

namespace UserTcp.Lab.Tests.Support;

/// <summary>Waits for what another process does. Its progress cannot be awaited, only looked at.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    /// <summary>Looks every 10 ms until the condition holds; fails after 20 s.</summary>
    /// <param name="condition">What has to become true.</param>
    /// <param name="what">The same as words, for the failure.</param>
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > s_limit)
                throw new TimeoutException($"Waited {s_limit.TotalSeconds} s in vain: {what}.");
            await Task.Delay(10);
        }
    }
}
