using System.Text.Json;
using System.Text.Json.Nodes;

namespace UserTcp.Tool.Perf;

/// <summary>What one side counted in one stream.</summary>
/// <param name="Id">The same number at both sides.</param>
/// <param name="Bytes">Sent or received.</param>
/// <param name="Retransmits">Segments sent again; -1 if that is not known.</param>
/// <param name="Seconds">How long it was counted.</param>
internal sealed record PerfStreamResult(int Id, long Bytes, long Retransmits, double Seconds)
{
    public double BitsPerSecond => Seconds > 0 ? Bytes * 8 / Seconds : 0;
}

/// <summary>What one side counted, as it travels on the control connection.</summary>
/// <param name="Streams">One for each stream.</param>
/// <param name="HasRetransmits">Whether this side sends and knows what it sent again.</param>
/// <param name="Cpu">How busy it was.</param>
/// <param name="Congestion">The congestion control of this side; null if it is not known.</param>
internal sealed record PerfResults(
    IReadOnlyList<PerfStreamResult> Streams, bool HasRetransmits, PerfCpu Cpu, string? Congestion)
{
    /// <summary>The words of a server; null if nobody asked for them.</summary>
    public PerfServerOutput? ServerOutput { get; init; }

    public string ToJson()
    {
        var streams = new JsonArray();
        foreach (PerfStreamResult stream in Streams)
        {
            streams.Add(new JsonObject
            {
                ["id"] = stream.Id,
                ["bytes"] = stream.Bytes,
                ["retransmits"] = stream.Retransmits,
                ["jitter"] = 0,
                ["errors"] = 0,
                ["packets"] = 0,
                ["start_time"] = 0,
                ["end_time"] = stream.Seconds,
            });
        }

        var results = new JsonObject
        {
            ["cpu_util_total"] = Cpu.Total,
            ["cpu_util_user"] = Cpu.User,
            ["cpu_util_system"] = Cpu.System,
            ["sender_has_retransmits"] = HasRetransmits ? 1 : -1,
            ["congestion_used"] = Congestion,
            ["streams"] = streams,
        };
        if (ServerOutput?.Text is { } text)
            results["server_output_text"] = text;
        if (ServerOutput?.Json is { } document)
            results["server_output_json"] = document;
        return results.ToJsonString();
    }

    /// <exception cref="ToolException">It makes no sense.</exception>
    public static PerfResults Parse(string text)
    {
        JsonElement json = PerfJson.Parse(text);
        List<PerfStreamResult> streams = [];
        if (json.TryGetProperty("streams", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
        {
            streams.AddRange(list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.Object)
                .Select(ParseStream));
        }

        var cpu = new PerfCpu(
            PerfJson.Fraction(json, "cpu_util_total"), PerfJson.Fraction(json, "cpu_util_user"),
            PerfJson.Fraction(json, "cpu_util_system"));
        string? congestion = json.TryGetProperty("congestion_used", out JsonElement used)
            && used.ValueKind == JsonValueKind.String ? used.GetString() : null;
        return new PerfResults(
            streams, PerfJson.Fraction(json, "sender_has_retransmits") > 0, cpu, congestion)
        {
            ServerOutput = ParseOutput(json),
        };
    }

    private static PerfServerOutput? ParseOutput(JsonElement json)
    {
        string? text = json.TryGetProperty("server_output_text", out JsonElement words)
            && words.ValueKind == JsonValueKind.String ? words.GetString() : null;
        JsonNode? document = json.TryGetProperty("server_output_json", out JsonElement node)
            && node.ValueKind == JsonValueKind.Object ? JsonObject.Create(node) : null;
        return text is null && document is null ? null : new PerfServerOutput(text, document);
    }

    private static PerfStreamResult ParseStream(JsonElement item) => new(
        (int)PerfJson.Number(item, "id", 0, int.MaxValue, 0), PerfJson.Number(item, "bytes", 0, long.MaxValue, 0),
        Retransmits(item), PerfJson.Fraction(item, "end_time"));

    // A receiver of iperf3 writes its "not known" as an unsigned number.
    private static long Retransmits(JsonElement item) =>
        item.TryGetProperty("retransmits", out JsonElement value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt64(out long number) ? number : -1;
}
