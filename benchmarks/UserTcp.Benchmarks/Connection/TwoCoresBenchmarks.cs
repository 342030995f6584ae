using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;
using UserTcp.Links;

namespace UserTcp.Benchmarks.Connection;

/// <summary>
/// Two stacks turned by hand in one thread over a virtual link: what frames, tables, timers and egress add to two
/// machines. No super-segments: 1,460 octets of text cross in each frame. Every octet is copied three times: into the
/// link, out of it, and into its place; and summed twice where nobody vouches for it.
/// </summary>
public class TwoCoresBenchmarks
{
    private const int Segments = 2048;
    private CorePair _pair = null!;

    public enum Sums
    {
        /// <summary>The stacks finish and verify every checksum.</summary>
        ByStack,

        /// <summary>The link vouches for what it carries.</summary>
        ByLink,
    }

    [Params(Sums.ByLink, Sums.ByStack)]
    public Sums Checksums { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _pair = new CorePair(Checksums == Sums.ByStack ? CorePair.Plain : CorePair.WithoutChecksums);
        for (int i = 0; i < Workload.WarmUps; i++)
        {
            BulkSegment();
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _pair.Dispose();

    /// <summary>One segment of a bulk transfer, its share of the ACKs included.</summary>
    [Benchmark(OperationsPerInvoke = Segments)]
    public void BulkSegment() => _pair.Transfer(Segments * CorePair.SegmentBytes);

    /// <summary>One octet there, one back.</summary>
    [Benchmark]
    public void PingPong1() => _pair.Exchange(requestBytes: 1, answerBytes: 1);

    /// <summary>100 octets there, 100 back.</summary>
    [Benchmark]
    public void PingPong100() => _pair.Exchange(requestBytes: 100, answerBytes: 100);

    /// <summary>A handshake, and the end of it: seven segments, two machines made and forgotten.</summary>
    [Benchmark]
    public void ConnectAndClose() => _pair.ConnectAndClose();
}
