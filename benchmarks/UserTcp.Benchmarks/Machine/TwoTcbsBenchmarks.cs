using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Machine;

/// <summary>
/// Two machines in memory: what TCP itself costs, without frames, stack, door or scheduler. Every octet is copied
/// twice: onto the wire and off it.
/// </summary>
public class TwoTcbsBenchmarks
{
    private const int Bulk = 1 << 20;
    private TcbPair _pair = null!;

    /// <summary>Segments of the MSS, or super-segments as a link with offloads takes them.</summary>
    [Params(0, 64_240)]
    public int MaxGsoBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pair = new TcbPair(MaxGsoBytes);
        for (int i = 0; i < Workload.WarmUps; i++)
            _pair.Transfer(Bulk);
    }

    /// <summary>One MiB from application to application.</summary>
    [Benchmark]
    public void BulkMebibyte() => _pair.Transfer(Bulk);

    /// <summary>100 octets there, 1,000 back.</summary>
    [Benchmark]
    public void RequestAnswer() => _pair.Exchange(requestBytes: 100, answerBytes: 1000);
}
