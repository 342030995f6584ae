using System.Globalization;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// How many segments of <see cref="TwoCoresBenchmarks"/> pass in a second of a processor: a figure that other
/// work on the machine disturbs less than one by the clock.
/// </summary>
internal static class SegmentRate
{
    private const int Segments = 2048;
    private const int Rounds = 7;
    private const int TransfersPerRound = 200;

    public static void Run(TextWriter output)
    {
        Measure("checksums by the link", new CorePair(CorePair.WithoutChecksums), output);
        Measure("checksums by the stacks", new CorePair(CorePair.Plain), output);
    }

    private static void Measure(string name, CorePair pair, TextWriter output)
    {
        using (pair)
        {
            Transfer(pair); // what is compiled and grown once
            double[] rates = new double[Rounds];
            for (int i = 0; i < Rounds; i++)
            {
                TimeSpan before = Environment.CpuUsage.TotalTime;
                Transfer(pair);
                rates[i] = Segments * TransfersPerRound / (Environment.CpuUsage.TotalTime - before).TotalMicroseconds;
            }

            Array.Sort(rates);
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {rates[Rounds / 2]:F2} ({rates[0]:F2}–{rates[^1]:F2}) million segments a processor second"));
        }
    }

    private static void Transfer(CorePair pair)
    {
        for (int i = 0; i < TransfersPerRound; i++)
        {
            pair.Transfer(Segments * CorePair.SegmentBytes);
        }
    }
}
