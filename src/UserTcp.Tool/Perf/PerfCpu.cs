using System.Diagnostics;

namespace UserTcp.Tool.Perf;

/// <summary>How busy a process was, in percent of one processor.</summary>
internal sealed record PerfCpu(double Total, double User, double System);

/// <summary>Watches this process.</summary>
internal sealed class PerfCpuMeter
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly Environment.ProcessCpuUsage _before = Environment.CpuUsage;

    /// <summary>Since the meter was made.</summary>
    public PerfCpu Read()
    {
        double percent = 100 / Math.Max(1e-6, Stopwatch.GetElapsedTime(_start).TotalSeconds);
        Environment.ProcessCpuUsage now = Environment.CpuUsage;
        double user = (now.UserTime - _before.UserTime).TotalSeconds * percent;
        double system = (now.PrivilegedTime - _before.PrivilegedTime).TotalSeconds * percent;
        return new PerfCpu(user + system, user, system);
    }
}
