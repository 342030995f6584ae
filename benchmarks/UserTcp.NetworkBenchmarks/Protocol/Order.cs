using System.Text.Json;
using System.Text.Json.Serialization;

namespace UserTcp.NetworkBenchmarks.Protocol;

/// <summary>The work that is measured.</summary>
[JsonConverter(typeof(JsonStringEnumConverter))]
internal enum Workload
{
    /// <summary>Nothing: the answer has the count of compiled methods only.</summary>
    Rest,

    /// <summary>The peer sends; Gbit/s, and processor seconds of both ends per GB.</summary>
    Receive,

    /// <summary>The peer takes; as <see cref="Receive"/>.</summary>
    Send,

    /// <summary>
    /// As <see cref="Send"/>, by a thread for each stream; Gbit/s, and the least stream's share of the mean.
    /// </summary>
    Crowd,

    /// <summary>A message there and back; the median and the 99th percentile in microseconds.</summary>
    PingPong,

    /// <summary>A connection after the other, which the peer closes at once; connections per second.</summary>
    Connect,

    /// <summary>Requests by HttpClient; requests per second.</summary>
    Http,

    /// <summary>Kestrel at our end, wrk at the other; requests per second.</summary>
    Web,

    /// <summary>
    /// Kestrel at our end, requests at a fixed rate from the other; the 99th percentile and the median in microseconds.
    /// </summary>
    WebAtRate,

    /// <summary>Connections that do nothing; MB of the process, and bytes of a connection by the collector.</summary>
    Idle,

    /// <summary>Two stacks in one thread; million segments in a processor second.</summary>
    Segments,
}

/// <summary>An order to a process; a line of JSON.</summary>
/// <param name="Work">The work.</param>
/// <param name="Size">Streams, bytes of a message, or connections.</param>
/// <param name="Seconds">How long it lasts.</param>
/// <param name="Rate">Requests a second, where they are given.</param>
internal sealed record Order(Workload Work, int Size = 0, double Seconds = 0, double Rate = 0)
{
    public string ToLine() => JsonSerializer.Serialize(this);

    public static Order Parse(string line) => JsonSerializer.Deserialize<Order>(line)!;
}

/// <summary>The result of an order; a line of JSON.</summary>
/// <param name="Values">The figures, as the row's units have them; processor time is added later.</param>
/// <param name="Gigabytes">The data that was carried, for the processor time.</param>
/// <param name="Error">The reason why there are no figures.</param>
/// <param name="Compiled">The methods that the process has compiled since its start.</param>
internal sealed record Outcome(double[] Values, double Gigabytes = 0, string? Error = null, long Compiled = 0)
{
    public string ToLine() => JsonSerializer.Serialize(this);

    public static Outcome Parse(string line) => JsonSerializer.Deserialize<Outcome>(line)!;

    /// <summary>The rate of a transfer in Gbit/s.</summary>
    /// <param name="bytes">Carried in the time.</param>
    /// <param name="time">Of the measurement.</param>
    /// <param name="bytesBefore">Carried before it, by the same order.</param>
    public static Outcome OfTransfer(long bytes, TimeSpan time, long bytesBefore) =>
        new([bytes * 8 / time.TotalSeconds / 1e9], (bytes + bytesBefore) / 1e9);
}
