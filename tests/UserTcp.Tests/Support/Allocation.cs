namespace UserTcp.Tests.Support;

/// <summary>Steady state allocates nothing, to the byte.</summary>
internal static class Allocation
{
    private const int Attempts = 5;

    /// <summary>
    /// Thousands of calls in a row allocate 0 bytes. The runtime itself allocates now and then on whatever thread it
    /// recompiles code for, once; an allocation of the code under test comes back in every attempt.
    /// </summary>
    public static void IsNone(Action action, int rounds = 10_000)
    {
        long least = long.MaxValue;
        for (int attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < rounds; i++)
                action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }
}
