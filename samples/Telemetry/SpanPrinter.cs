using System.Diagnostics;
using System.Globalization;
using OpenTelemetry;

namespace Telemetry;

/// <summary>Prints a line for each span that has ended.</summary>
internal sealed class SpanPrinter(TextWriter output) : BaseExporter<Activity>
{
    public override ExportResult Export(in Batch<Activity> batch)
    {
        foreach (Activity span in batch)
        {
            string status = span.Status == ActivityStatusCode.Error ? $" failed: {span.GetTagItem("error.type")}" : "";
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"span    {span.DisplayName,-44} {span.Duration.TotalMilliseconds,9:F3} ms{status}"));
        }

        return ExportResult.Success;
    }
}
