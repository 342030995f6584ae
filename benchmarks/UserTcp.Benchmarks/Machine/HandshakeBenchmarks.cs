using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Machine;

/// <summary>
/// Two machines are made and shake hands: three segments, parsed and summed. What it allocates, they are.
/// </summary>
public class HandshakeBenchmarks
{
    private TcbPair _pair = null!;

    [GlobalSetup]
    public void Setup() => _pair = new TcbPair();

    [Benchmark]
    public void Handshake() => _pair.Reopen();
}
