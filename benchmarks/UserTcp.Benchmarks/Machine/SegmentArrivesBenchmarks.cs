using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Machine;

/// <summary>SEGMENT ARRIVES at a warm machine (RFC 9293 §3.10.7.4), parsing included, the checksum not.</summary>
public class SegmentArrivesBenchmarks
{
    private const int Batch = 32;
    private TcbArrivals _tcb = null!;

    [GlobalSetup]
    public void Setup()
    {
        _tcb = new TcbArrivals();
        for (int i = 0; i < Workload.WarmUps; i++)
        {
            _tcb.Text(Batch);
            _tcb.AckOfSegment();
        }
    }

    /// <summary>1,448 octets in order, one of a batch that is read and acknowledged.</summary>
    [Benchmark(OperationsPerInvoke = Batch)]
    public int Text() => _tcb.Text(Batch);

    /// <summary>The bare ACK of a segment; writing and planning the segment is part of it.</summary>
    [Benchmark]
    public void AckOfSegment() => _tcb.AckOfSegment();
}
