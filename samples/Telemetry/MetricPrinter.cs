using System.Globalization;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Telemetry;

/// <summary>Prints a line for each value of each instrument.</summary>
internal sealed class MetricPrinter(TextWriter output) : BaseExporter<Metric>
{
    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (Metric metric in batch)
        {
            foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
            {
                string value = ValueOf(metric, point);
                output.WriteLine($"metric  {metric.Name,-30} {value,14} {metric.Unit,-13}{Tags(point)}");
            }
        }

        return ExportResult.Success;
    }

    private static string ValueOf(Metric metric, in MetricPoint point) => metric.MetricType switch
    {
        MetricType.Histogram => string.Create(
            CultureInfo.InvariantCulture,
            $"{point.GetHistogramSum() / Math.Max(1, point.GetHistogramCount()):G3} x {point.GetHistogramCount()}"),
        MetricType.LongSum => point.GetSumLong().ToString("N0", CultureInfo.InvariantCulture),
        MetricType.LongSumNonMonotonic => point.GetSumLong().ToString("N0", CultureInfo.InvariantCulture),
        _ => metric.MetricType.ToString(),
    };

    private static string Tags(in MetricPoint point)
    {
        var tags = new List<string>();
        foreach (KeyValuePair<string, object?> tag in point.Tags)
        {
            tags.Add($"{tag.Key}={tag.Value}");
        }

        return string.Join(' ', tags);
    }
}
