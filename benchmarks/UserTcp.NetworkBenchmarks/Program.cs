using System.CommandLine;
using UserTcp.NetworkBenchmarks.BadWire;
using UserTcp.NetworkBenchmarks.Speed;
using UserTcp.NetworkBenchmarks.Wire;

namespace UserTcp.NetworkBenchmarks;

/// <summary>The commands, one class each.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        var root = new RootCommand("Measures UserTcp against the kernel on links of its own (root, Linux).");
        root.Subcommands.Add(BadWireCommand.Make());
        root.Subcommands.Add(SpeedCommand.Make());
        root.Subcommands.Add(WireCommand.Make());
        root.Subcommands.Add(PeerCommand.Make());
        root.Subcommands.Add(ClientCommand.Make());
        root.Subcommands.Add(HolderCommand.Make());
        root.Subcommands.Add(WebCommand.Make());
        return root.Parse(args).InvokeAsync();
    }
}
