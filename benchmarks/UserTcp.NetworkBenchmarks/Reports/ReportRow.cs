using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>A figure of a report: the median of its samples, and how it compares with the kernel's.</summary>
/// <param name="Row">What was measured.</param>
/// <param name="Link">The link of the stack, or <c>kernel</c>.</param>
/// <param name="Unit">Of the figures.</param>
/// <param name="Median">Of all samples.</param>
/// <param name="Min">The least sample.</param>
/// <param name="Max">The greatest.</param>
/// <param name="N">How many samples.</param>
/// <param name="RatioToKernel">
/// How much better than the kernel in the same round, as the median of the rounds: above 1 is better, whatever the
/// unit; null for the kernel itself.
/// </param>
internal sealed record ReportRow(
    string Row, string Link, string Unit, double Median, double Min, double Max, int N, double? RatioToKernel)
{
    public static ReportRow Of(
        string row, string link, string unit, IReadOnlyCollection<double> samples, double? ratio) =>
        new(row, link, unit, samples.Median(), samples.Min(), samples.Max(), samples.Count, ratio);
}
