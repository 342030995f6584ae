using System.Diagnostics;
using UserTcp.Benchmarks.Workloads;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// How many segments of <see cref="TwoCoresBenchmarks"/> pass in a second of a processor: a figure that other
/// work on the machine disturbs less than one by the clock. A row of the network benchmarks, which give the orders.
/// </summary>
internal static class SegmentRate
{
    private const int Segments = 2048;

    /// <summary>Obeys orders with a pair of stacks.</summary>
    /// <param name="checksums">
    /// <c>link</c> if the link vouches for them; else the stacks finish and verify them.
    /// </param>
    public static async Task<int> RunAsync(string checksums)
    {
        using var pair = new CorePair(checksums == "link" ? CorePair.WithoutChecksums : CorePair.Plain);
        return await OrderLoop.RunAsync(order => Task.FromResult(Measure(pair, order.Seconds)));
    }

    private static Outcome Measure(CorePair pair, double seconds)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long segments = 0;
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < seconds;)
        {
            pair.Transfer(Segments * CorePair.SegmentBytes);
            segments += Segments;
        }

        return new Outcome([segments / (Environment.CpuUsage.TotalTime - before).TotalMicroseconds]);
    }
}
