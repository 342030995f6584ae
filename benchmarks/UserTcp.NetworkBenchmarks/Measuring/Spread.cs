namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>The middle of several figures, and the interval in which all of them lie.</summary>
internal readonly record struct Spread(double Median, double Min, double Max, int Count)
{
    /// <summary>The spread of some figures; null if there are none.</summary>
    public static Spread? Of(IReadOnlyCollection<double> figures) => figures.Count == 0
        ? null
        : new Spread(figures.Median(), figures.Min(), figures.Max(), figures.Count);
}

internal static class Medians
{
    /// <summary>The middle of the values, the mean of the two in the middle if their number is even.</summary>
    public static double Median(this IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
