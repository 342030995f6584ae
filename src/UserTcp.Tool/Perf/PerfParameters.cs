using System.Text.Json;
using System.Text.Json.Nodes;

namespace UserTcp.Tool.Perf;

/// <summary>What the client wants, as it travels on the control connection.</summary>
internal sealed record PerfParameters
{
    public const int MaxStreams = 128;
    public const int MaxBlockBytes = 1024 * 1024;
    public const int DefaultBlockBytes = 128 * 1024;
    private const int MaxSeconds = 86_400;

    /// <summary>How long to measure, in seconds, without <see cref="OmitSeconds"/>; 0 if bytes decide.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>How long not to count at first: slow start is not what is to be measured.</summary>
    public int OmitSeconds { get; init; }

    /// <summary>How much to transfer; 0 if the time decides.</summary>
    public long Bytes { get; init; }

    public int Streams { get; init; } = 1;

    /// <summary>Whether the server sends.</summary>
    public bool IsReverse { get; init; }

    /// <summary>The bytes of one write.</summary>
    public int BlockBytes { get; init; } = DefaultBlockBytes;

    public string ToJson()
    {
        var json = new JsonObject
        {
            ["tcp"] = true,
            ["omit"] = OmitSeconds,
            ["time"] = Seconds,
            ["num"] = Bytes,
            ["blockcount"] = 0,
            ["parallel"] = Streams,
            ["len"] = BlockBytes,
            ["pacing_timer"] = 1000,
            ["client_version"] = "3.12",
        };
        if (IsReverse)
            json["reverse"] = true;
        return json.ToJsonString();
    }

    /// <summary>Reads what a client sent; what is not said has iperf3's defaults.</summary>
    /// <exception cref="ToolException">It is malformed, or asks for what is not done here.</exception>
    public static PerfParameters Parse(string text)
    {
        JsonElement json = PerfJson.Parse(text);
        if (IsTrue(json, "udp") || IsTrue(json, "sctp"))
            throw new ToolException(Failure.Receive, "The client asks for another protocol than TCP.");
        if (IsTrue(json, "bidirectional"))
            throw new ToolException(Failure.Receive, "The client asks for both directions at once.");

        return new PerfParameters
        {
            Seconds = (int)PerfJson.Number(json, "time", 0, MaxSeconds, 0),
            OmitSeconds = (int)PerfJson.Number(json, "omit", 0, 60, 0),
            Bytes = PerfJson.Number(json, "num", 0, long.MaxValue, 0),
            Streams = (int)PerfJson.Number(json, "parallel", 1, MaxStreams, 1),
            BlockBytes = (int)PerfJson.Number(json, "len", 1, MaxBlockBytes, DefaultBlockBytes),
            IsReverse = IsTrue(json, "reverse"),
        };
    }

    private static bool IsTrue(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value)
        && (value.ValueKind == JsonValueKind.True
            || (value.ValueKind == JsonValueKind.Number && value.GetDouble() != 0));
}
