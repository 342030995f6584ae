using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>A program on gVisor's netstack, against the same peer. Its best ways to send and to receive.</summary>
internal sealed class GVisor
{
    private const string Build = "build.sh";
    private const string Program = "gv";
    private const int OwnHost = 99;
    private readonly string _program;

    private GVisor(string program) => _program = program;

    public static Contender Contender { get; } = new("gVisor netstack", "gvisor", Cable.Veth);

    /// <summary>Builds the program, if its folder is there.</summary>
    public static GVisor? TryBuild(string folder)
    {
        string build = Path.Combine(folder, Build);
        if (!File.Exists(build))
            return null;

        string made = Path.Combine(Path.GetTempPath(), "usertcp-peers");
        string program = Path.Combine(made, Program);
        if (!File.Exists(program))
        {
            using Process process = Start("bash", build, made);
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
        }

        return File.Exists(program) ? new GVisor(program) : null;
    }

    /// <summary>Whether the program can do what a row asks for.</summary>
    public static bool Knows(SpeedRow row) => row is { Placement: Placement.Free, Size: 1 or 100 }
        && row.Work is Workload.Receive or Workload.Send or Workload.PingPong or Workload.Connect;

    public Outcome Measure(SpeedRow row, SpeedLab lab, int port, double seconds)
    {
        (string mode, string[] how, int service) = row.Work switch
        {
            Workload.Receive => ("recv", ["-disp", "mmap"], PeerCommand.Source),
            Workload.Send => ("send", ["-gso", "host", "-buf", "16384"], PeerCommand.Sink),
            Workload.PingPong => ("pp", new[] { "-disp", "mmap" }, PeerCommand.Echo),
            _ => ("crr", [], PeerCommand.Close),
        };
        string own = SpeedLab.Address(Cable.Veth, OwnHost).ToString();
        using Process process = Start(
            "ip", ["netns", "exec", lab.Veth.Near, _program, "-mode", mode, "-dev", SpeedLab.Device,
                "-l", own, "-r", SpeedLab.PeerAddress(Cable.Veth).ToString(), "-port", $"{port + service}",
                "-secs", seconds.ToString(CultureInfo.InvariantCulture), "-size", $"{row.Size}", .. how]);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0 || line.Length == 0)
            return new Outcome([], Error: errors.GetAwaiter().GetResult().Trim());

        using JsonDocument report = JsonDocument.Parse(line);
        string[] names = row.Work switch
        {
            Workload.PingPong => ["p50_us", "p99_us"],
            Workload.Connect => ["conns_s"],
            _ => ["gbps"],
        };
        return new Outcome([.. names.Select(name => report.RootElement.GetProperty(name).GetDouble())]);
    }

    private static Process Start(string program, params string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
