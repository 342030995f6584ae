using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>Reports as JSON: an array of rows.</summary>
internal static class ReportFile
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, Converters = { new JsonStringEnumConverter() },
    };

    public static void Write<T>(string path, IEnumerable<T> rows) =>
        File.WriteAllText(path, JsonSerializer.Serialize(rows, s_options) + Environment.NewLine);
}
