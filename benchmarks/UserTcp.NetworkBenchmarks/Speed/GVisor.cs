using System.Globalization;
using System.Text.Json;
using UserTcp.Lab.Tests.Support;
using UserTcp.NetworkBenchmarks.Protocol;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>A program on gVisor's netstack, against the same peer. Its best ways to send and to receive.</summary>
internal sealed class GVisor
{
    private const string Build = "build.sh";
    private const string Program = "gv";
    private const int OwnHost = 99;
    private readonly string _program;

    private GVisor(string program) => _program = program;

    /// <summary>Builds the program, if its folder is there.</summary>
    public static GVisor? TryBuild(string folder)
    {
        string build = Path.Combine(folder, Build);
        if (!File.Exists(build))
            return null;

        string made = Path.Combine(Path.GetTempPath(), "usertcp-peers");
        string program = Path.Combine(made, Program);
        if (!File.Exists(program))
            Shell.TryRun($"bash '{build}' '{made}'");

        return File.Exists(program) ? new GVisor(program) : null;
    }

    public Outcome Measure(Order order, Cable cable, string cpus, CancellationToken cancelled)
    {
        (string mode, string[] how, int service) = order.Work switch
        {
            Workload.Receive => ("recv", ["-disp", "mmap"], FarCommand.Source),
            Workload.Send => ("send", ["-gso", "host", "-buf", "16384"], FarCommand.Sink),
            Workload.PingPong => ("pp", new[] { "-disp", "mmap" }, FarCommand.Echo),
            _ => ("crr", [], FarCommand.Close),
        };
        ShellResult result = Tool.Run(
            cancelled, ["ip", "netns", "exec", cable.Near, "taskset", "-c", cpus, _program, "-mode", mode,
                "-dev", Cable.Device, "-l", $"{Cable.Address(OwnHost)}", "-r", $"{Cable.FarAddress}",
                "-port", $"{service}", "-secs", order.Seconds.ToString(CultureInfo.InvariantCulture),
                "-size", $"{order.Size}", .. how]);
        if (result.ExitCode != 0 || result.Output.Length == 0)
            return new Outcome([], Error: result.Error.Trim());

        using JsonDocument report = JsonDocument.Parse(result.Output);
        string[] names = order.Work switch
        {
            Workload.PingPong => ["p50_us", "p99_us"],
            Workload.Connect => ["conns_s"],
            _ => ["gbps"],
        };
        return new Outcome([.. names.Select(name => report.RootElement.GetProperty(name).GetDouble())]);
    }
}
