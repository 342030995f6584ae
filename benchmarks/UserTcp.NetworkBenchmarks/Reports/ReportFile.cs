using System.Text.Json;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>Reports as JSON: an array of rows.</summary>
internal static class ReportFile
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    public static void Write(string path, IEnumerable<ReportRow> rows) =>
        File.WriteAllText(path, JsonSerializer.Serialize(rows, s_options) + Environment.NewLine);
}
