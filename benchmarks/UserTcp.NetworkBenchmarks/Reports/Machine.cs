using System.Globalization;
using System.Runtime.InteropServices;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>What a figure was measured on.</summary>
internal static class Machine
{
    public static string Describe()
    {
        string cpu = Shell.Run("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1").Trim();
        string kernel = Shell.Run("uname -r").Trim();
        string load = Shell.Run("cut -d' ' -f1-3 /proc/loadavg").Trim();
        string date = DateTime.Now.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        return $"{date}, {Environment.ProcessorCount} CPUs of {cpu}, Linux {kernel}, "
            + $"{RuntimeInformation.FrameworkDescription}, load {load}";
    }
}
