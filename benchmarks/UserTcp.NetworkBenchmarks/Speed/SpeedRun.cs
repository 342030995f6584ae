using System.Diagnostics;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Protocol;
using UserTcp.NetworkBenchmarks.Reports;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>How much is measured.</summary>
/// <param name="Rows">The rows, with those who take part.</param>
/// <param name="Rounds">In each of which everybody has a turn.</param>
/// <param name="Seconds">Of each turn.</param>
/// <param name="WarmUpSeconds">The longest warm-up.</param>
internal sealed record SpeedPlan(IReadOnlyList<SpeedRow> Rows, int Rounds, double Seconds, double WarmUpSeconds);

/// <summary>Row by row: everybody starts and warms up once, then all have turns, round by round.</summary>
internal sealed class SpeedRun(SpeedPlan plan, StationSettings settings, TextWriter progress)
{
    private const double CapacityShare = 0.7;
    private const double IdleShare = 0.02;
    private static readonly TimeSpan s_stillness = TimeSpan.FromSeconds(2);

    /// <summary>The failures and doubts, for the end of the report.</summary>
    public List<string> Notes { get; } = [];

    /// <summary>Whether a turn has failed.</summary>
    public bool HasFailed { get; private set; }

    public IEnumerable<Finding> Measure() => plan.Rows.SelectMany(Measure);

    private List<Finding> Measure(SpeedRow row)
    {
        List<Station> stations = [];
        var figures = row.Entries.ToDictionary(entry => entry.Contender, _ => new RoundFigures());
        try
        {
            stations.AddRange(row.Entries.Select(entry => Open(row, entry.Contender)).OfType<Station>());
            double rate = row.Work == Workload.WebAtRate ? KernelCapacity(row, stations) * CapacityShare : 0;
            for (int round = 0; round < plan.Rounds; round++)
            {
                foreach (int turn in RoundOrder.Of(round, stations.Count))
                {
                    Station station = stations[turn];
                    Outcome outcome = Measure(station, stations, row, rate);
                    if (outcome.Error is not null)
                        Fail($"{row.Name}, {station.Contender}, round {round + 1}: {outcome.Error}");
                    else
                        figures[station.Contender].Add(round, outcome.Values);
                }
            }
        }
        finally
        {
            stations.ForEach(station => station.Dispose());
        }

        return [.. Finding.Of(row, figures)];
    }

    // One that does not come up is left out, and told.
    private Station? Open(SpeedRow row, Contender contender)
    {
        settings.Cancelled.ThrowIfCancellationRequested();
        progress.WriteLine($"{row.Name}: {contender}");
        Station? station = null;
        try
        {
            station = new Station(row, contender, settings);
            if (!station.WarmUp(new WarmUp(s_stillness, TimeSpan.FromSeconds(plan.WarmUpSeconds))))
                Notes.Add($"{row.Name}, {contender}: still compiling after {plan.WarmUpSeconds} s of warm-up.");

            return station;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            station?.Dispose();
            Fail($"{row.Name}, {contender}: {e.Message}");
            return null;
        }
    }

    private Outcome Measure(Station station, List<Station> all, SpeedRow row, double rate)
    {
        settings.Cancelled.ThrowIfCancellationRequested();
        double[] before = [.. all.Select(other => other.ProcessorSeconds)];
        long start = Stopwatch.GetTimestamp();
        Outcome outcome = station.Measure(plan.Seconds, rate);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        for (int i = 0; i < all.Count; i++)
        {
            double share = (all[i].ProcessorSeconds - before[i]) / seconds;
            if (all[i] != station && share > IdleShare)
            {
                Notes.Add($"{row.Name}: while {station.Contender} had its turn, the waiting {all[i].Contender} used "
                    + $"{share:P0} of a processor.");
            }
        }

        return outcome;
    }

    private double KernelCapacity(SpeedRow row, List<Station> stations)
    {
        Outcome? outcome = stations.Find(station => station.Contender.IsKernel)?.MeasureWrk(plan.Seconds);
        if (outcome is { Error: null })
            return outcome.Values[0];

        throw new InvalidOperationException($"{row.Name}: the kernel's capacity is not known. {outcome?.Error}");
    }

    private void Fail(string reason)
    {
        HasFailed = true;
        Notes.Add(reason);
    }
}
