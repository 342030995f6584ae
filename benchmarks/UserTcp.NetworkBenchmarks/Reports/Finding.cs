using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Speed;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>A line of the report: a contender's figures in a row, in one unit.</summary>
/// <param name="Row">The work.</param>
/// <param name="Link">The link, or the kernel.</param>
/// <param name="Scheduler">Pool or inline.</param>
/// <param name="Unit">Of the figures.</param>
/// <param name="Figures">Of all rounds.</param>
internal sealed record Finding(string Row, string Link, string Scheduler, string Unit, Spread Figures)
{
    /// <summary>How much better than the kernel in the same round: above 1 is better, whatever the unit.</summary>
    public Spread? ToKernel { get; init; }

    /// <summary>The same against the bare sender or receiver.</summary>
    public Spread? ToCeiling { get; init; }

    /// <summary>The same against a stack with one shard.</summary>
    public Spread? ToOneShard { get; init; }

    /// <summary>The same against the build of before.</summary>
    public Spread? ToBefore { get; init; }

    public Target? Target { get; init; }

    public Verdict Verdict { get; init; }

    public bool? IsNotWorse { get; init; }

    /// <summary>The findings of a row.</summary>
    public static IEnumerable<Finding> Of(SpeedRow row, IReadOnlyDictionary<Contender, RoundFigures> figures) =>
        from entry in row.Entries
        from unit in Enumerable.Range(0, row.Units.Length)
        let own = figures[entry.Contender].Of(unit)
        where own is not null
        select Of(row, entry, unit, own.Value, figures);

    private static Finding Of(
        SpeedRow row, Entry entry, int unit, Spread own, IReadOnlyDictionary<Contender, RoundFigures> figures)
    {
        Contender contender = entry.Contender;
        bool isMoreBetter = row.Units[unit].IsMoreBetter;
        Spread? toKernel = RatioTo(contender.Reference);
        Spread? toCeiling = contender.IsOurs ? RatioTo(Contender.Bare) : null;
        Spread? toOneShard = contender.Shards > 1 ? RatioTo(contender with { Shards = 1 }) : null;
        Spread? toBefore = contender.IsOurs ? RatioTo(contender with { IsBefore = true }) : null;
        Target? target = entry.Targets.ElementAtOrDefault(unit);
        Spread? basis = target?.Basis switch
        {
            Basis.Kernel => toKernel,
            Basis.Ceiling => toCeiling,
            Basis.OneShard => toOneShard,
            _ => own,
        };
        return new Finding(row.Name, contender.LinkName, contender.Scheduler, row.Units[unit].Name, own)
        {
            ToKernel = toKernel,
            ToCeiling = toCeiling,
            ToOneShard = toOneShard,
            ToBefore = toBefore,
            Target = target,
            Verdict = Verdicts.Of(target, basis, isMoreBetter),
            IsNotWorse = Verdicts.IsNotWorse(toBefore),
        };

        Spread? RatioTo(Contender other) => other != contender && figures.TryGetValue(other, out RoundFigures? theirs)
            ? figures[contender].RatioTo(theirs, unit, isMoreBetter)
            : null;
    }
}
