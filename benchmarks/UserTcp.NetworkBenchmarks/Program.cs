using System.CommandLine;
using UserTcp.NetworkBenchmarks.BadWire;
using UserTcp.NetworkBenchmarks.Speed;
using UserTcp.NetworkBenchmarks.Wire;

namespace UserTcp.NetworkBenchmarks;

/// <summary>The commands, one class each.</summary>
internal static class Program
{
    /// <summary>After Ctrl+C: processes end and namespaces are removed.</summary>
    private static readonly TimeSpan s_cleaningUp = TimeSpan.FromMinutes(1);

    private static Task<int> Main(string[] args)
    {
        var root = new RootCommand("Measures UserTcp against the kernel on links of its own (root, Linux).");
        root.Subcommands.Add(BadWireCommand.Make());
        root.Subcommands.Add(SpeedCommand.Make());
        root.Subcommands.Add(WireCommand.Make());
        root.Subcommands.Add(NearCommand.Make());
        root.Subcommands.Add(FarCommand.Make());
        root.Subcommands.Add(HolderCommand.Make());
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = s_cleaningUp });
    }
}
