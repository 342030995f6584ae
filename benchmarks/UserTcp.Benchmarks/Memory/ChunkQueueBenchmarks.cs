using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Memory;

/// <summary>What the queues cost beside the copy of the octets, for a segment and for a super-segment.</summary>
public class ChunkQueueBenchmarks
{
    private const int Segments = 32;
    private SendQueueLoad _send = null!;
    private ReceiveQueueLoad _receive = null!;

    [Params(1460, 64_240)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _send = new SendQueueLoad();
        _receive = new ReceiveQueueLoad(Math.Min(Bytes, 32_120));
    }

    /// <summary>Appended, gathered, released; nothing is copied.</summary>
    [Benchmark]
    public int Send() => _send.Pass(Bytes);

    /// <summary>Copied into place, one of a batch, which is read and released.</summary>
    [Benchmark(OperationsPerInvoke = Segments)]
    public long Receive() => _receive.InOrder(Segments);

    /// <summary>As <see cref="Receive"/>, but each second segment arrives before the first.</summary>
    [Benchmark(OperationsPerInvoke = Segments)]
    public long ReceiveSwapped() => _receive.Swapped(Segments);
}
