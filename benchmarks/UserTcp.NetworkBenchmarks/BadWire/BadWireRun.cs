using Spectre.Console;
using UserTcp.Lab.Tests.Support;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Reports;
using UserTcp.NetworkBenchmarks.Wire;

namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary>How much of it.</summary>
/// <param name="Cells">The paths.</param>
/// <param name="Rounds">In each of which all sides are measured.</param>
/// <param name="Transfers">Of each size, side and round.</param>
/// <param name="BulkTime">For goodput.</param>
/// <param name="Wires">That are there at once.</param>
/// <param name="Seed">Decides what is lost.</param>
internal sealed record BadWirePlan(
    IReadOnlyList<Cell> Cells, int Rounds, int Transfers, TimeSpan BulkTime, int Wires, int Seed);

/// <summary>All cells, sides in turns, round by round.</summary>
internal sealed class BadWireRun : IAsyncDisposable
{
    // A transfer that takes longer counts as that long.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(3);
    private readonly BadWirePlan _plan;
    private readonly NetworkNamespace _near = NetworkNamespace.Create("near");
    private readonly NetworkNamespace _far = NetworkNamespace.Create("far");
    private readonly WireBundle _wires;
    private readonly List<Lane> _lanes = [];

    private BadWireRun(BadWirePlan plan)
    {
        _plan = plan;
        _wires = WireBundle.Start(_near, _far, plan.Wires);
        Samples = [.. plan.Cells.SelectMany(cell => Workload.All.Select(workload => new Samples(cell, workload)))];
    }

    public IReadOnlyList<Samples> Samples { get; }

    /// <summary>The latest that a frame was handed over, and how late they were on average, in microseconds.</summary>
    public (double Mean, double Most) Lateness { get; private set; }

    public static async Task<BadWireRun> StartAsync(BadWirePlan plan)
    {
        var run = new BadWireRun(plan);
        for (int i = 0; i < plan.Wires; i++)
        {
            run._lanes.Add(await Lane.OpenAsync(i, run._near, run._far));
        }

        await run.WarmUpAsync();
        return run;
    }

    public async Task MeasureAsync()
    {
        for (int round = 0; round < _plan.Rounds; round++)
        {
            for (int i = 0; i < Samples.Count; i++)
            {
                // The sides lose what they lose by the same seed; no two cells or rounds share one.
                int seed = _plan.Seed + round * Samples.Count + i;
                foreach (Side side in Enum.GetValues<Side>())
                {
                    await MeasureAsync(Samples[i], side, round, seed);
                }

                Tell(Samples[i], round);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Lane lane in _lanes)
        {
            await lane.DisposeAsync();
        }

        _wires.Dispose();
        _near.Dispose();
        _far.Dispose();
    }

    // What is compiled later, neighbours, and the kernel's own warming.
    private async Task WarmUpAsync()
    {
        const int Times = 5;
        _wires.Set(new Cell(0, 1).Settings(seed: 0));
        foreach (Side side in Enum.GetValues<Side>())
        {
            for (int i = 0; i < Times; i++)
            {
                await Task.WhenAll(_lanes.Select(lane => lane.FetchAsync(side, 1_000_000, s_longest)));
            }
        }
    }

    private async Task MeasureAsync(Samples samples, Side side, int round, int seed)
    {
        bool isBulk = samples.Workload.IsBulk;
        _wires.Set(samples.Cell.Settings(seed));
        int atOnce = isBulk && samples.Cell.LossPercent == 0 ? 1 : samples.Cell.AtOnce(_plan.Wires);
        int transfers = isBulk ? atOnce : _plan.Transfers;
        TimeSpan longest = isBulk ? _plan.BulkTime : s_longest;
        double[] figures = new double[transfers];
        int next = -1;
        await Task.WhenAll(_lanes.Take(atOnce).Select(async lane =>
        {
            for (int i; (i = Interlocked.Increment(ref next)) < transfers;)
            {
                (long bytes, TimeSpan time) = await lane.FetchAsync(side, samples.Workload.Bytes, longest);
                figures[i] = isBulk ? bytes * 8 / longest.TotalSeconds / 1e6 : time.TotalMilliseconds;
            }
        }));

        WireCounts counts = _wires.Count();
        Lateness = (Math.Max(Lateness.Mean, counts.MeanLate), Math.Max(Lateness.Most, counts.MostLate));
        if (counts.Broken > 0)
            throw new InvalidOperationException($"A wire could not keep {counts.Broken} frames in '{samples.Cell}'.");
        samples.Add(side, round, figures);
    }

    private static void Tell(Samples samples, int round) => AnsiConsole.WriteLine(
        $"round {round + 1}: {samples.Cell}, {samples.Workload.Name}: kernel "
        + $"{samples.Of(Side.Kernel).Median():F1} {samples.Workload.Unit}, sending {samples.Ratio(Side.Sending):F2}, "
        + $"receiving {samples.Ratio(Side.Receiving):F2}");
}
