namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>The time before a measurement in which windows grow: connections are new in each turn.</summary>
internal static class Settling
{
    private const double MostSeconds = 0.5;
    private const double Share = 0.25;

    /// <summary>For a measurement of so many seconds.</summary>
    public static double Of(double seconds) => Math.Min(MostSeconds, seconds * Share);
}
