using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Machine;

/// <summary>
/// ACKs with three SACK blocks while the first segment is missing. An ACK costs the same, however much is outstanding;
/// sending the segment that it reports is part of it.
/// </summary>
public class SackedAckBenchmarks
{
    private const int Most = 10_000;
    private SackedAcks _acks = null!;

    [Params(10, Most)]
    public int Outstanding { get; set; }

    [GlobalSetup]
    public void Setup() => _acks = new SackedAcks(Outstanding);

    [Benchmark(OperationsPerInvoke = Most)]
    public void AckWithThreeBlocks()
    {
        for (int acks = 0; acks < Most; acks += Outstanding)
            _acks.Round();
    }
}
