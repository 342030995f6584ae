using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Wire;

/// <summary>Header, options, text and checksum of a segment with timestamps; the text is copied once.</summary>
public class SegmentWriteBenchmarks
{
    private readonly SegmentSample _ack = new(textBytes: 0, sackBlocks: 0);
    private readonly SegmentSample _sack = new(textBytes: 0, sackBlocks: 3);
    private readonly SegmentSample _full = new(textBytes: 1448, sackBlocks: 0);

    [Benchmark]
    public int Ack() => _ack.Write();

    [Benchmark]
    public int Sack() => _sack.Write();

    [Benchmark]
    public int Full() => _full.Write();
}
