namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>Whose turn it is.</summary>
internal static class RoundOrder
{
    /// <summary>
    /// The contenders' turns in a round. Each round begins with another contender, so that nobody always follows the
    /// same one.
    /// </summary>
    public static IEnumerable<int> Of(int round, int contenders) =>
        Enumerable.Range(0, contenders).Select(turn => (round + turn) % contenders);
}
