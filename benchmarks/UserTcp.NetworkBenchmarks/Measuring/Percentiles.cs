namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>Figures that a part of all others do not exceed.</summary>
internal static class Percentiles
{
    /// <summary>The least value that at least this share of all values does not exceed.</summary>
    /// <param name="sorted">Ascending, at least one.</param>
    /// <param name="percent">From 1 to 100.</param>
    public static double Percentile(this IReadOnlyList<double> sorted, int percent) =>
        sorted[(int)(((long)sorted.Count * percent + 99) / 100) - 1];
}
