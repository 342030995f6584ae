using System.Globalization;
using System.Text.RegularExpressions;
using UserTcp.Lab.Tests.Support;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>The load generator of Debian's package <c>wrk</c>, in a namespace.</summary>
internal static partial class Wrk
{
    /// <summary>Measures requests a second.</summary>
    /// <param name="cpus">The processors that it may use.</param>
    /// <param name="ns">The namespace it runs in.</param>
    /// <param name="load">Its threads, and the whole seconds that they work.</param>
    /// <param name="connections">All together.</param>
    /// <param name="url">The page.</param>
    /// <param name="cancelled">Ends it.</param>
    public static Outcome Measure(
        string cpus, string ns, (int Threads, double Seconds) load, int connections, string url,
        CancellationToken cancelled)
    {
        ShellResult result = Tool.Run(
            cancelled, "ip", "netns", "exec", ns, "taskset", "-c", cpus, "wrk", "-t", $"{load.Threads}",
            "-c", $"{connections}", "-d", $"{Math.Ceiling(load.Seconds)}s", url);
        Match rate = Rate().Match(result.Output);
        return rate.Success && !result.Output.Contains("Socket errors", StringComparison.Ordinal)
            ? new Outcome([double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture)])
            : new Outcome([], Error: (result.Output + result.Error).ReplaceLineEndings(" "));
    }

    [GeneratedRegex(@"Requests/sec:\s*([\d.]+)")]
    private static partial Regex Rate();
}
