using System.Runtime.InteropServices;

namespace UserTcp.Runtime;

/// <summary>What the runtime has no word for about the current thread.</summary>
internal static partial class NativeThread
{
    private const int PrSetTimerSlack = 29;

    /// <summary>
    /// Makes timed waits of this thread end when they are over, not up to 50 µs later (Linux; elsewhere nothing
    /// happens).
    /// </summary>
    public static void UsePreciseTimers()
    {
        // The outcome is not looked at: without it timers are late by the default slack, and that is all.
        if (OperatingSystem.IsLinux())
            _ = SetControl(PrSetTimerSlack, 1, 0, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int SetControl(
        int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}
