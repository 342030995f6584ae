namespace UserTcp.Tool.Perf;

/// <summary>A test that has begun.</summary>
/// <param name="Parameters">What is done.</param>
/// <param name="Cookie">Its name.</param>
/// <param name="IsClient">Whether this side is the client.</param>
/// <param name="Streams">The data connections.</param>
internal sealed record PerfTest(
    PerfParameters Parameters, string Cookie, bool IsClient, IReadOnlyList<PerfStream> Streams)
{
    /// <summary>Whether this side sends in any stream.</summary>
    public bool IsSender => Streams.Any(stream => stream.IsSender);

    /// <summary>The role of a direction, as iperf3 names it; empty where there is one direction.</summary>
    public string RoleOf(bool sends) =>
        Parameters.IsBidirectional ? $"[{(sends ? "TX" : "RX")}-{(IsClient ? "C" : "S")}]" : "";
}
