using System.CommandLine;
using UserTcp.Tool.Commands;

namespace UserTcp.Tool;

/// <summary>The commands, one class each in <c>Commands</c>.</summary>
internal static class Program
{
    private static Task<int> Main(string[] args)
    {
        var root = new RootCommand("UserTcp at the command line.");
        root.Subcommands.Add(PacketdrillCommand.Make());
        root.Subcommands.Add(SimulationCommand.Make());
        return root.Parse(args).InvokeAsync();
    }
}
