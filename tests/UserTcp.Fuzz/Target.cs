using SharpFuzz;

namespace UserTcp.Fuzz;

/// <summary>The process that AFL++ starts: it executes one input after the other.</summary>
internal static class Target
{
    private const int ExecutionsPerReport = 5_000;

    public static int Run(string coverageFile)
    {
        var coverage = new StateCoverage();
        coverage.TryAdd(coverageFile);
        byte[] bytes = new byte[FuzzRun.MaxInput];
        Fuzzer.Run(stream =>
        {
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            FuzzRun.Execute(bytes, length, coverage);
            if (coverage.Executions % ExecutionsPerReport == 0)
                coverage.Save(coverageFile);
        });
        coverage.Save(coverageFile);
        return 0;
    }
}
