using System.CommandLine;
using System.Globalization;
using UserTcp.Tool.Simulation;
using UserTcp.Tool.Terminal;

namespace UserTcp.Tool.Commands;

/// <summary><c>sim swarm</c>: seed after seed, on all processors. Exit code 1 if any failed.</summary>
internal sealed class SwarmCommand : ToolCommand
{
    private const long Seeds = 1000;
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(1);

    private readonly Option<long?> _seeds = new("--seeds")
    {
        HelpName = "N", Description = "How many seeds; 1000 if no time is given either.",
    };

    private readonly Option<TimeSpan?> _time = new("--for")
    {
        HelpName = "HH:MM:SS", Description = "The duration, such as 00:30:00.",
        CustomParser = argument => GlobalOptions.Read(argument, ReadTime, "a time of a second or more, as 00:30:00"),
    };

    private readonly Option<ulong> _first = new("--seed")
    {
        HelpName = "N", DefaultValueFactory = _ => 1, Description = "The first seed.",
    };

    private readonly Option<string?> _folder = new Option<string?>("--pcapng")
    {
        HelpName = "FOLDER", Description = "The folder for captures of failures.",
    }.NeverEmpty();

    public SwarmCommand(ToolContext context)
        : base(
            context, "swarm", "Tests the stack in random networks, with random faults, options and programs.",
            "sim swarm --seeds 10000", "sim swarm --for 00:30:00 --pcapng failures", "sim swarm --seed 4711 --seeds 1")
    {
        foreach (Option option in (Option[])[_seeds, _time, _first, _folder])
        {
            Options.Add(option);
        }
    }

    public override GlobalOptionSet Heeds => GlobalOptionSet.Output;

    protected override Task<int> RunAsync(ParseResult parsed, ToolOutput output, CancellationToken cancellationToken)
    {
        TimeSpan? time = parsed.GetValue(_time);
        long seeds = parsed.GetValue(_seeds) ?? (time is null ? Seeds : long.MaxValue);
        if (seeds < 1)
            throw new ToolException(Failure.Usage, "--seeds is at least 1.");

        var plan = new SwarmPlan
        {
            Seeds = seeds,
            Time = time,
            First = parsed.GetValue(_first),
            Folder = parsed.GetValue(_folder),
        };
        return new SwarmRun(plan, output).RunAsync(cancellationToken);
    }

    // A number alone would be days.
    private static TimeSpan? ReadTime(string text) =>
        text.Contains(':', StringComparison.Ordinal)
        && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out TimeSpan time) && time >= s_shortest
            ? time
            : null;
}
