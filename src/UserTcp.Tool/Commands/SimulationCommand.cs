using System.CommandLine;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim</c>: simulated networks.</summary>
internal static class SimulationCommand
{
    public static Command Make(ToolContext context)
    {
        var command = new Command("sim", "Runs the stack in simulated networks.");
        var live = new LiveCommand(context);
        context.Options.AddTo(live);
        command.Subcommands.Add(live);
        command.Subcommands.Add(SwarmCommand.Make());
        command.Subcommands.Add(GoodputCommand.Make());
        return command;
    }
}
