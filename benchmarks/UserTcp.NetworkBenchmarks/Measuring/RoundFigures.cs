namespace UserTcp.NetworkBenchmarks.Measuring;

/// <summary>The figures of one contender in one row, by round. A round that failed has none.</summary>
internal sealed class RoundFigures
{
    private readonly SortedDictionary<int, double[]> _rounds = [];

    public void Add(int round, double[] figures) => _rounds.Add(round, figures);

    /// <summary>The figures of all rounds.</summary>
    /// <param name="unit">The figure's place in a round.</param>
    public Spread? Of(int unit) => Spread.Of([.. _rounds.Values.Where(f => f.Length > unit).Select(f => f[unit])]);

    /// <summary>How much better than another contender, round by round: above 1 is better, whatever the unit.</summary>
    /// <param name="other">Rounds that it does not have do not count.</param>
    /// <param name="unit">The figure's place in a round.</param>
    /// <param name="isMoreBetter">Whether larger figures are the better ones.</param>
    public Spread? RatioTo(RoundFigures other, int unit, bool isMoreBetter) => Spread.Of(
        [.. from mine in _rounds
            where other._rounds.ContainsKey(mine.Key)
            let theirs = other._rounds[mine.Key]
            where mine.Value.Length > unit && theirs.Length > unit
            select isMoreBetter ? mine.Value[unit] / theirs[unit] : theirs[unit] / mine.Value[unit]]);
}
