using BenchmarkDotNet.Running;
using UserTcp.Benchmarks;
using UserTcp.Benchmarks.Connection;

if (args is ["segments", var checksums])
    return await SegmentRate.RunAsync(checksums);
if (args is ["shards", .. var counts])
    return ShardScaling.Run([.. counts.Select(int.Parse)]);

BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly).Run(args, new BenchmarkConfig());
return 0;
