namespace UserTcp.Tests.Support;

/// <summary>
/// Calls in a row allocate so many bytes, and not one more. The runtime itself allocates now and then on whatever thread
/// it recompiles code for, once; an allocation of the code under test comes back in every attempt.
/// </summary>
internal static class Allocation
{
    private const int Attempts = 5;

    /// <summary>Thousands of calls in a row allocate nothing: steady state.</summary>
    public static void IsNone(Action action, int rounds = 10_000) => Is(0, action, rounds);

    /// <summary>All rounds together allocate so many bytes.</summary>
    public static void Is(long bytes, Action action, int rounds)
    {
        long allocated = -1;
        for (int attempt = 0; attempt < Attempts && allocated != bytes; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < rounds; i++)
                action();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(bytes, allocated);
    }
}
