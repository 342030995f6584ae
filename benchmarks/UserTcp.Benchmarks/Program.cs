using BenchmarkDotNet.Running;
using UserTcp.Benchmarks;
using UserTcp.Benchmarks.Connection;

if (args is ["segments", var checksums])
    return await SegmentRate.RunAsync(checksums);

BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly).Run(args, new BenchmarkConfig());
return 0;
