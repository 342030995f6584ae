using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Memory;

/// <summary>Hash and lookup of a segment's flow, in no order, so that a large table is not in the cache.</summary>
public class FlowTableBenchmarks
{
    private FlowTableLoad _table = null!;

    [Params(1_000, 100_000)]
    public int Entries { get; set; }

    [GlobalSetup]
    public void Setup() => _table = new FlowTableLoad(Entries);

    [Benchmark]
    public object? Find() => _table.Find();
}
