using System.CommandLine;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim</c>: simulated networks.</summary>
internal static class SimulationCommand
{
    public static Command Make(ToolContext context)
    {
        var command = new Command("sim", "Runs the stack in simulated networks.");
        foreach (ToolCommand simulation in (ToolCommand[])
            [new LiveCommand(context), new SwarmCommand(context), new GoodputCommand(context)])
        {
            context.Options.AddTo(simulation);
            command.Subcommands.Add(simulation);
        }

        return command;
    }
}
