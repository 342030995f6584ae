namespace UserTcp.Tool.Perf;

/// <summary>A test that has begun.</summary>
/// <param name="Parameters">What is done.</param>
/// <param name="Cookie">Its name.</param>
/// <param name="IsSender">Whether this side sends.</param>
/// <param name="Streams">The data connections.</param>
internal sealed record PerfTest(
    PerfParameters Parameters, string Cookie, bool IsSender, IReadOnlyList<PerfStream> Streams);

/// <summary>How it ended.</summary>
/// <param name="Own">What this side counted.</param>
/// <param name="Other">What the other one did.</param>
/// <param name="IsSender">Whether this side sent.</param>
internal sealed record PerfOutcome(PerfResults Own, PerfResults Other, bool IsSender)
{
    public PerfResults Sender => IsSender ? Own : Other;

    public PerfResults Receiver => IsSender ? Other : Own;
}
