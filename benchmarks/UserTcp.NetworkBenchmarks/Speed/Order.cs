using System.Text.Json;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>What a client process is told to measure; a line of JSON.</summary>
/// <param name="Work">What.</param>
/// <param name="Link">Over which link, or the kernel.</param>
/// <param name="IsInline">Whether the application runs on the stack's own thread.</param>
/// <param name="Size">As in <see cref="SpeedRow"/>.</param>
/// <param name="Seconds">For how long.</param>
internal sealed record Order(Workload Work, string Link, bool IsInline, int Size, double Seconds)
{
    public string ToLine() => JsonSerializer.Serialize(this);

    public static Order Parse(string line) => JsonSerializer.Deserialize<Order>(line)!;
}

/// <summary>What came of it; a line of JSON.</summary>
/// <param name="Values">The figures, as the row's units have them; processor time is added later.</param>
/// <param name="Gigabytes">What was carried, for the processor time.</param>
/// <param name="Error">Why there are none.</param>
internal sealed record Outcome(double[] Values, double Gigabytes = 0, string? Error = null)
{
    public string ToLine() => JsonSerializer.Serialize(this);

    public static Outcome Parse(string line) => JsonSerializer.Deserialize<Outcome>(line)!;
}
