using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Wire;

/// <summary>Verifying and parsing a segment with timestamps: a bare ACK, one with SACK blocks, a full one.</summary>
public class SegmentParseBenchmarks
{
    private readonly SegmentSample _ack = new(textBytes: 0, sackBlocks: 0);
    private readonly SegmentSample _sack = new(textBytes: 0, sackBlocks: 3);
    private readonly SegmentSample _full = new(textBytes: 1448, sackBlocks: 0);

    [Benchmark]
    public int Ack() => _ack.Parse();

    [Benchmark]
    public int Sack() => _sack.Parse();

    [Benchmark]
    public int Full() => _full.Parse();
}
