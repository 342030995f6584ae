using System.Text.Json;

namespace UserTcp.Tool.Perf;

/// <summary>Reads the peer's JSON, which may be anything.</summary>
internal static class PerfJson
{
    /// <exception cref="ToolException">It is not a JSON object.</exception>
    public static JsonElement Parse(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw Malformed("not an object");
        }
        catch (JsonException error)
        {
            throw Malformed(error.Message);
        }
    }

    /// <summary>A number; the fallback if it is not there.</summary>
    /// <exception cref="ToolException">It is out of range, or no number.</exception>
    public static long Number(JsonElement json, string name, long least, long most, long fallback)
    {
        if (!json.TryGetProperty(name, out JsonElement value))
            return fallback;

        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number) || number < least
            || number > most)
        {
            throw Malformed($"{name} is {value.GetRawText()}");
        }

        return value.TryGetInt64(out long whole) ? whole : (long)number;
    }

    /// <summary>A number with a fraction; 0 if it is not there or none.</summary>
    public static double Fraction(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out double number) ? number : 0;

    private static ToolException Malformed(string why) =>
        new(Failure.Receive, $"The other side's JSON makes no sense: {why}.");
}
