using System.Text.Json;
using System.Text.Json.Nodes;

namespace UserTcp.Tool.Perf;

/// <summary>What the client wants, as it travels on the control connection.</summary>
internal sealed record PerfParameters
{
    public const int MaxStreams = 128;
    public const int MaxBlockBytes = 1024 * 1024;
    public const int DefaultBlockBytes = 128 * 1024;
    public const int MaxBurst = 1000;
    public const int MinSegmentBytes = 48;
    public const int MaxSegmentBytes = 65_495;
    public const int MaxWindowBytes = 1 << 29;
    public const long MaxRate = 1L << 53;
    private const int MaxSeconds = 86_400;

    /// <summary>How long to measure, in seconds, without <see cref="OmitSeconds"/>; 0 if bytes decide.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>How long not to count at first: slow start is not what is to be measured.</summary>
    public int OmitSeconds { get; init; }

    /// <summary>How much to transfer; 0 if the time decides.</summary>
    public long Bytes { get; init; }

    /// <summary>How many blocks to transfer; 0 if something else decides.</summary>
    public long Blocks { get; init; }

    /// <summary>The bytes after which the test ends; 0 if the time decides.</summary>
    public long GoalBytes => Bytes > 0 ? Bytes : Blocks > long.MaxValue / BlockBytes
        ? long.MaxValue : Blocks * BlockBytes;

    /// <summary>How many streams, in each direction.</summary>
    public int Streams { get; init; } = 1;

    /// <summary>Whether both sides send.</summary>
    public bool IsBidirectional { get; init; }

    /// <summary>How many streams there are.</summary>
    public int TotalStreams => IsBidirectional ? 2 * Streams : Streams;

    /// <summary>Whether the client wants to show the words of the server.</summary>
    public bool WantsServerOutput { get; init; }

    /// <summary>Whether the server sends.</summary>
    public bool IsReverse { get; init; }

    /// <summary>The bytes of one write.</summary>
    public int BlockBytes { get; init; } = DefaultBlockBytes;

    /// <summary>How fast each stream may send, in bits per second; 0 for no limit.</summary>
    public long Rate { get; init; }

    /// <summary>Blocks that are sent at once where the rate is limited; 0 for one.</summary>
    public int Burst { get; init; }

    /// <summary>The largest segment; 0 for what the path leaves.</summary>
    public int SegmentBytes { get; init; }

    /// <summary>The buffers of a stream; 0 for buffers that tune themselves.</summary>
    public int WindowBytes { get; init; }

    /// <summary>Whether small segments leave at once.</summary>
    public bool IsNoDelay { get; init; }

    /// <summary>The field of type of service of the packets.</summary>
    public byte TrafficClass { get; init; }

    /// <summary>The name of the congestion control; null for the usual one.</summary>
    public string? Congestion { get; init; }

    /// <summary>Whether a side sends in a stream: with both directions, the client does in the first half.</summary>
    public bool IsSending(int index, bool isClient) =>
        isClient == (IsBidirectional ? index < Streams : !IsReverse);

    public string ToJson()
    {
        var json = new JsonObject
        {
            ["tcp"] = true,
            ["omit"] = OmitSeconds,
            ["time"] = Seconds,
            ["num"] = Bytes,
            ["blockcount"] = Blocks,
            ["parallel"] = Streams,
            ["len"] = BlockBytes,
            ["pacing_timer"] = 1000,
            ["client_version"] = "3.12",
        };
        AddOptions(json);
        return json.ToJsonString();
    }

    /// <summary>Reads what a client sent; what is not said has iperf3's defaults.</summary>
    /// <exception cref="ToolException">It is malformed, or asks for what is not done here.</exception>
    public static PerfParameters Parse(string text)
    {
        JsonElement json = PerfJson.Parse(text);
        if (IsTrue(json, "udp") || IsTrue(json, "sctp"))
            throw new ToolException(Failure.Receive, "The client asks for another protocol than TCP.");
        if (json.TryGetProperty("server_affinity", out _) || IsTrue(json, "flowlabel")) // processor 0 is one, too
            throw new ToolException(Failure.Receive, "The client asks for a processor or for a flow label of IPv6.");

        return new PerfParameters
        {
            Seconds = (int)PerfJson.Number(json, "time", 0, MaxSeconds, 0),
            OmitSeconds = (int)PerfJson.Number(json, "omit", 0, 60, 0),
            Bytes = PerfJson.Number(json, "num", 0, long.MaxValue, 0),
            Streams = (int)PerfJson.Number(json, "parallel", 1, MaxStreams, 1),
            BlockBytes = (int)PerfJson.Number(json, "len", 1, MaxBlockBytes, DefaultBlockBytes),
            Blocks = PerfJson.Number(json, "blockcount", 0, long.MaxValue, 0),
            IsReverse = IsTrue(json, "reverse"),
            IsBidirectional = IsTrue(json, "bidirectional"),
            WantsServerOutput = IsTrue(json, "get_server_output"),
            Rate = RateOf(json),
            Burst = (int)PerfJson.Number(json, "burst", 0, MaxBurst, 0),
            SegmentBytes = (int)PerfJson.Number(json, "MSS", 0, MaxSegmentBytes, 0),
            WindowBytes = (int)PerfJson.Number(json, "window", 0, MaxWindowBytes, 0),
            IsNoDelay = IsTrue(json, "nodelay"),
            TrafficClass = (byte)PerfJson.Number(json, "TOS", 0, byte.MaxValue, 0),
            Congestion = json.TryGetProperty("congestion", out JsonElement name)
                && name.ValueKind == JsonValueKind.String ? name.GetString() : null,
        };
    }

    // What is at its default is not said, as iperf3 does it: older ones do not know all of this.
    private void AddOptions(JsonObject json)
    {
        if (IsReverse)
            json["reverse"] = true;
        if (IsBidirectional)
            json["bidirectional"] = true;
        if (WantsServerOutput)
            json["get_server_output"] = 1;
        if (Rate > 0)
            json["bandwidth"] = Rate;
        if (Burst > 0)
            json["burst"] = Burst;
        if (SegmentBytes > 0)
            json["MSS"] = SegmentBytes;
        if (WindowBytes > 0)
            json["window"] = WindowBytes;
        if (IsNoDelay)
            json["nodelay"] = true;
        if (TrafficClass > 0)
            json["TOS"] = TrafficClass;
        if (Congestion is not null)
            json["congestion"] = Congestion;
    }

    // The second one is asked of the kernel's queue, of which there is none here: the writer keeps to it.
    private static long RateOf(JsonElement json)
    {
        long[] limits =
        [
            PerfJson.Number(json, "bandwidth", 0, MaxRate, 0), PerfJson.Number(json, "fqrate", 0, MaxRate, 0),
        ];
        return limits.Where(limit => limit > 0).DefaultIfEmpty(0).Min();
    }

    private static bool IsTrue(JsonElement json, string name) => json.TryGetProperty(name, out JsonElement value)
        && (value.ValueKind == JsonValueKind.True
            || (value.ValueKind == JsonValueKind.Number && value.GetDouble() != 0));
}
