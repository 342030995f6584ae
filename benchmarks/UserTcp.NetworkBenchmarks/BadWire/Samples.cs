using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Reports;

namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary>What is measured in a cell.</summary>
/// <param name="Name">For the report.</param>
/// <param name="Bytes">Of a transfer; more than can come in time for goodput.</param>
internal sealed record Workload(string Name, long Bytes)
{
    public static Workload Bulk { get; } = new("goodput", long.MaxValue / 2);

    public static Workload[] All { get; } = [Bulk, new("10 KB", 10_000), new("1 MB", 1_000_000)];

    public bool IsBulk => this == Bulk;

    public string Unit => IsBulk ? "Mbit/s" : "ms";
}

/// <summary>All figures of one workload in one cell, by side and round.</summary>
internal sealed class Samples(Cell cell, Workload workload)
{
    private readonly Dictionary<(Side, int), List<double>> _figures = [];

    public Cell Cell => cell;

    public Workload Workload => workload;

    public void Add(Side side, int round, IEnumerable<double> figures)
    {
        if (!_figures.TryGetValue((side, round), out List<double>? all))
            _figures[(side, round)] = all = [];
        all.AddRange(figures);
    }

    public List<double> Of(Side side) =>
        [.. _figures.Where(entry => entry.Key.Item1 == side).SelectMany(entry => entry.Value)];

    /// <summary>Above 1: better than the kernel in the same round; the median of the rounds.</summary>
    public double Ratio(Side side) => _figures.Keys.Where(key => key.Item1 == side).Select(key =>
    {
        double ours = _figures[key].Median();
        double kernels = _figures[(Side.Kernel, key.Item2)].Median();
        return workload.IsBulk ? ours / kernels : kernels / ours;
    }).Median();

    public ReportRow ToRow(Side side) => ReportRow.Of(
        $"bad wire, {cell}, {workload.Name}, {side switch
        {
            Side.Kernel => "kernel to kernel",
            Side.Sending => "UserTcp to kernel",
            _ => "kernel to UserTcp",
        }}",
        side == Side.Kernel ? "kernel" : "pcap", workload.Unit, Of(side), side == Side.Kernel ? null : Ratio(side));
}
