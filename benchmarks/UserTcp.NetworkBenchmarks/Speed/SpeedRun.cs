using Spectre.Console;
using UserTcp.NetworkBenchmarks.Reports;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>How much is measured.</summary>
/// <param name="Rows">What.</param>
/// <param name="Rounds">In each of which everybody has a turn.</param>
/// <param name="Seconds">Of each turn.</param>
internal sealed record SpeedPlan(IReadOnlyList<SpeedRow> Rows, int Rounds, double Seconds);

/// <summary>All rows, everybody in turns, round by round; a first one, for compiling, does not count.</summary>
internal sealed class SpeedRun(SpeedPlan plan, GVisor? gVisor) : IDisposable
{
    private const double WarmUpSeconds = 0.3;
    private readonly SpeedLab _lab = SpeedLab.Create();
    private readonly Dictionary<Placement, Stage> _stages = [];
    private readonly Dictionary<(SpeedRow, Contender), List<double[]>> _samples = [];

    /// <summary>What went wrong, once each.</summary>
    public List<string> Errors { get; } = [];

    public void Measure(StatusContext? status)
    {
        for (int round = -1; round < plan.Rounds; round++)
        {
            foreach (SpeedRow row in plan.Rows.Where(row => row.Work != Workload.Idle || round == 0))
            {
                foreach (Contender contender in ContendersOf(row))
                {
                    status?.Status($"round {Math.Max(round, 0) + 1}: {row.Name}, {contender.Name}".EscapeMarkup());
                    Measure(row, contender, round);
                }
            }
        }
    }

    /// <summary>The report: for each row, contender and unit the median, and the ratio to the kernel.</summary>
    public IEnumerable<ReportRow> Report() =>
        from row in plan.Rows
        from contender in ContendersOf(row)
        where _samples.ContainsKey((row, contender))
        from unit in Enumerable.Range(0, row.Units.Length)
        let samples = _samples[(row, contender)].Where(values => values.Length > unit)
        where samples.Any()
        select ReportRow.Of(
            row.Name, contender.Name, row.Units[unit], [.. samples.Select(values => values[unit])],
            Ratio(row, contender, unit));

    public void Dispose()
    {
        foreach (Stage stage in _stages.Values)
        {
            stage.Dispose();
        }

        _lab.Dispose();
    }

    private IEnumerable<Contender> ContendersOf(SpeedRow row) =>
        gVisor is not null && GVisor.Knows(row) ? [.. row.Contenders, GVisor.Contender] : row.Contenders;

    private void Measure(SpeedRow row, Contender contender, int round)
    {
        if (!_stages.TryGetValue(row.Placement, out Stage? stage))
            _stages[row.Placement] = stage = new Stage(_lab, row.Placement);
        double seconds = round < 0 ? WarmUpSeconds : plan.Seconds;
        Outcome outcome = contender == GVisor.Contender
            ? gVisor!.Measure(row, _lab, stage.Port, seconds)
            : stage.Measure(row, contender, seconds);
        if (outcome.Error is not null)
            Errors.Add($"{row.Name}, {contender.Name}, round {round + 1}: {outcome.Error}");
        else if (round >= 0)
            SamplesOf(row, contender).Add(outcome.Values);
    }

    private List<double[]> SamplesOf(SpeedRow row, Contender contender)
    {
        if (!_samples.TryGetValue((row, contender), out List<double[]>? samples))
            _samples[(row, contender)] = samples = [];
        return samples;
    }

    // The median of the rounds' ratios; above 1 is better, whatever the unit.
    private double? Ratio(SpeedRow row, Contender contender, int unit)
    {
        if (contender.IsKernel && contender == contender.Reference
            || !_samples.TryGetValue((row, contender.Reference), out List<double[]>? kernels))
            return null;

        double[] ratios = [.. _samples[(row, contender)].Zip(kernels)
            .Where(pair => pair.First.Length > unit && pair.Second.Length > unit)
            .Select(pair => SpeedRow.IsMoreBetter(row.Units[unit])
                ? pair.First[unit] / pair.Second[unit]
                : pair.Second[unit] / pair.First[unit])];
        return ratios.Length == 0 ? null : ratios.Median();
    }
}
