using UserTcp.Testing.Goodput;

namespace UserTcp.Testing;

/// <summary>
/// Measures how much of a path a transfer uses, and how long a short transfer takes, in virtual time. The numbers are
/// the same on every machine, so a change must explain each number that it changes.
/// </summary>
public static class GoodputMatrix
{
    private const ulong Seed = 1;
    private const int Samples = 25;

    // Where a connection meets twenty losses in its thirty seconds, a single draw is a fifth off as often as not.
    private const int LossyRuns = 9;
    private static readonly double[] s_losses = [0, 0.001, 0.01, 0.03, 0.1];
    private static readonly int[] s_roundTrips = [2, 20, 100, 300];
    private static readonly long[] s_rates = [10_000_000, 100_000_000, 1_000_000_000];
    private static readonly int[] s_lengths = [10_000, 1_000_000];

    /// <summary>All paths, in the order of the table.</summary>
    public static IReadOnlyList<GoodputCell> Cells { get; } =
    [
        .. from reorders in new[] { false, true }
           from rate in s_rates
           from roundTrip in s_roundTrips
           from loss in s_losses
           select new GoodputCell(loss, TimeSpan.FromMilliseconds(roundTrip), rate, reorders),
    ];

    /// <summary>The paths of the second table: 100 Mbit/s, in order.</summary>
    public static IReadOnlyList<GoodputCell> ShortCells { get; } =
        [.. Cells.Where(cell => !cell.Reorders && cell.BitsPerSecond == s_rates[1])];

    /// <summary>
    /// A line of the first table: the text that arrived between seconds 10 and 40; where frames are lost by chance, the
    /// mean of nine runs.
    /// </summary>
    /// <param name="cell">The path.</param>
    /// <returns>The line, as a value and as text.</returns>
    public static GoodputResult Measure(GoodputCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        int runs = cell.Loss > 0 ? LossyRuns : 1;
        double goodput = 0;
        for (int i = 0; i < runs; i++)
        {
            using var run = new GoodputRun(cell, Seed + (ulong)i, long.MaxValue);
            goodput += run.Measure(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(40)) / runs;
        }

        return new GoodputResult(cell, goodput);
    }

    /// <summary>
    /// A line of the second table: the time from the first SYN until the last byte was read, the median and the worst
    /// of 25 runs, for 10 KB and 1 MB.
    /// </summary>
    /// <param name="cell">The path.</param>
    /// <returns>The line, as a value and as text.</returns>
    public static ShortTransferResult MeasureShort(GoodputCell cell)
    {
        ArgumentNullException.ThrowIfNull(cell);
        return new ShortTransferResult(cell, [.. s_lengths.Select(length => MeasureShort(cell, length))]);
    }

    private static ShortTransfer MeasureShort(GoodputCell cell, int length)
    {
        var times = new TimeSpan[Samples];
        for (int i = 0; i < times.Length; i++)
        {
            using var run = new GoodputRun(cell, Seed + (ulong)i, length);
            times[i] = run.Complete();
        }

        Array.Sort(times);
        return new ShortTransfer(length, times[Samples / 2], times[^1]);
    }
}
