using BenchmarkDotNet.Attributes;
using UserTcp.Benchmarks.Workloads;

namespace UserTcp.Benchmarks.Memory;

/// <summary>Timers of 10,000 connections: put off (the common case), brought forward, run out.</summary>
public class DeadlineWheelBenchmarks
{
    private const int Expiring = 64;
    private WheelLoad _wheel = null!;

    [GlobalSetup]
    public void Setup() => _wheel = new WheelLoad();

    [Benchmark]
    public void PutOff() => _wheel.PutOff();

    [Benchmark]
    public void BringForward() => _wheel.BringForward();

    /// <summary>One of 64 timers that run out together, and are set anew.</summary>
    [Benchmark(OperationsPerInvoke = Expiring)]
    public int Expire() => _wheel.Expire(Expiring);
}
