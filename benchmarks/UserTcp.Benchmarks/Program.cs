using BenchmarkDotNet.Running;
using UserTcp.Benchmarks;
using UserTcp.Benchmarks.Connection;

if (args is ["segments"])
    SegmentRate.Run(Console.Out);
else
    BenchmarkSwitcher.FromAssembly(typeof(BenchmarkConfig).Assembly).Run(args, new BenchmarkConfig());
