using BenchmarkDotNet.Attributes;
using UserTcp.Wire;

namespace UserTcp.Benchmarks.Memory;

/// <summary>The Internet checksum of an ACK, a full segment and a super-segment: the ceiling of all above.</summary>
public class ChecksumBenchmarks
{
    private static readonly byte[] s_scratch = new byte[65_536];
    private byte[] _bytes = [];

    [Params(40, 1460, 64_240)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup() => _bytes = Enumerable.Range(0, Bytes).Select(i => (byte)i).ToArray();

    [Benchmark]
    public ulong Sum() => InternetChecksum.Sum(_bytes);

    /// <summary>The yardstick: touching the same bytes once.</summary>
    [Benchmark(Baseline = true)]
    public void Copy() => _bytes.CopyTo(s_scratch.AsSpan());
}
