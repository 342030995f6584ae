using System.Diagnostics;
using System.Runtime.InteropServices;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// Two stacks in several shards without a device between: each pair of shards on a processor of its own carries as much
/// as it can. It shows how far shards are from one another, on this machine or on a larger one.
/// </summary>
internal static partial class ShardScaling
{
    private const int Rounds = 5;
    private const int ChunkBytes = 1 << 20;
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(3);

    /// <summary>Prints the median rate of each number of shards, in turns.</summary>
    public static int Run(int[] counts)
    {
        int[] all = counts.Length > 0 ? counts : [1, 2];
        Measure(1, s_warmUp);
        var rates = all.ToDictionary(count => count, _ => new List<double>());
        for (int round = 0; round < Rounds; round++)
        {
            foreach (int count in all)
                rates[count].Add(Measure(count, s_length));
        }

        double first = Median(rates[all[0]]);
        foreach (int count in all)
        {
            double rate = Median(rates[count]);
            Console.WriteLine(
                $"{count} shards: {rate / 1e6:0.00} million segments a second ({rates[count].Min() / 1e6:0.00}-"
                + $"{rates[count].Max() / 1e6:0.00}), {rate / first:0.00} of {all[0]}");
        }

        return 0;
    }

    private static double Measure(int count, TimeSpan length)
    {
        IReadOnlyList<CorePair> pairs = CorePair.MakeShards(CorePair.WithoutChecksums, count);
        var transfers = new long[count];
        using var start = new Barrier(count + 1);
        Thread[] threads = [.. pairs.Select((pair, shard) => new Thread(() => Carry(pair, shard)))];
        foreach (Thread thread in threads)
            thread.Start();
        start.SignalAndWait();
        long began = Stopwatch.GetTimestamp();
        foreach (Thread thread in threads)
            thread.Join();
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        foreach (CorePair pair in pairs)
            pair.Dispose();
        return transfers.Sum() * (double)ChunkBytes / CorePair.SegmentBytes / elapsed.TotalSeconds;

        void Carry(CorePair pair, int shard)
        {
            Pin(shard % Environment.ProcessorCount);
            start.SignalAndWait();
            for (long begin = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begin) < length; transfers[shard]++)
                pair.Transfer(ChunkBytes);
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Pin(int processor)
    {
        ulong[] set = new ulong[16];
        set[processor / 64] = 1UL << (processor % 64);
        if (OperatingSystem.IsLinux() && SetAffinity(0, set.Length * sizeof(ulong), set) != 0)
            throw new InvalidOperationException($"The thread cannot be bound to processor {processor}.");
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nint bytes, ulong[] set);
}
