using System.Globalization;
using System.Text.RegularExpressions;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>The load generator of Debian's package <c>wrk</c>, in a namespace.</summary>
internal static partial class Wrk
{
    private const string Program = "wrk";
    private const int WarmUpSeconds = 2;

    public static Outcome Measure(string ns, string url, int connections, double seconds)
    {
        if (!Shell.Exists(Program))
            return new Outcome([], Error: "There is no wrk: apt-get install wrk.");

        Ask(ns, url, connections, WarmUpSeconds);
        string report = Ask(ns, url, connections, (int)Math.Ceiling(seconds));
        Match rate = Rate().Match(report);
        return rate.Success && !report.Contains("Socket errors", StringComparison.Ordinal)
            ? new Outcome([double.Parse(rate.Groups[1].Value, CultureInfo.InvariantCulture)])
            : new Outcome([], Error: report.ReplaceLineEndings(" "));
    }

    private static string Ask(string ns, string url, int connections, int seconds) => Shell.Run(
        $"ip netns exec {ns} {Program} -t {Math.Min(2, connections)} -c {connections} -d {seconds}s {url}");

    [GeneratedRegex(@"Requests/sec:\s*([\d.]+)")]
    private static partial Regex Rate();
}
