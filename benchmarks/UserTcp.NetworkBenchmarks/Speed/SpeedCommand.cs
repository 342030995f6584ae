using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;
using UserTcp.Lab.Tests.Support;
using UserTcp.NetworkBenchmarks.Reports;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary>
/// <c>speed</c>: against the kernel, ceilings, the build of before and gVisor's netstack, over good wires.
/// </summary>
internal static class SpeedCommand
{
    private const int ReportColumns = 200;
    private const int Cancelled = 130;
    private static readonly Option<bool> s_quick = new("--quick")
    {
        Description = "The main rows, 3 rounds of 1 s, under three minutes.",
    };

    private static readonly Option<bool> s_full = new("--full")
    {
        Description = "Also the ceilings, the build of --before, gVisor's netstack, and links without offloads.",
    };

    private static readonly Option<int?> s_rounds = new("--rounds") { Description = "The turns of each; 5." };

    private static readonly Option<double?> s_seconds = new("--seconds")
    {
        Description = "Of each turn; 5. wrk takes whole seconds.",
    };

    private static readonly Option<double?> s_warmUp = new("--warm-up")
    {
        Description = "The longest warm-up in seconds; 30. It ends as soon as nothing was compiled for 2 s.",
    };

    private static readonly Option<int> s_cpus = new("--cpus")
    {
        Description = "The processors to use, from the first.", DefaultValueFactory = _ => 2,
    };

    private static readonly Option<string?> s_rows = new("--rows")
    {
        Description = "Only rows with this in their names.",
    };

    private static readonly Option<string?> s_links = new("--links")
    {
        Description = "Only contenders with this in their names, beside the kernel and the bare ones.",
    };

    private static readonly Option<string?> s_before = new("--before")
    {
        Description = "The root of another tree of sources, with the benchmarks built; measured with --full.",
    };

    private static readonly Option<string> s_peers = new("--peers")
    {
        Description = "The folder whose build.sh makes the program on gVisor's netstack.",
        DefaultValueFactory = _ => Path.Combine("..", "shared", "peers"),
    };

    private static readonly Option<string?> s_json = new("--json") { Description = "The file for the report as JSON." };

    private static readonly Option<string?> s_markdown = new("--markdown")
    {
        Description = "The file for the report as Markdown.",
    };

    private static readonly Option<string?> s_svg = new("--svg") { Description = "The file for the bar chart." };

    public static Command Make()
    {
        var command = new Command("speed", "Throughput, turns, connections and memory, against the kernel's.")
        {
            s_quick, s_full, s_rounds, s_seconds, s_warmUp, s_cpus, s_rows, s_links, s_before, s_peers, s_json,
            s_markdown, s_svg,
        };
        command.SetAction((parsed, cancelled) => Task.Run(() => Run(parsed, cancelled), CancellationToken.None));
        return command;
    }

    private static int Run(ParseResult parsed, CancellationToken cancelled)
    {
        Scope scope = parsed.GetValue(s_full) ? Scope.Full : parsed.GetValue(s_quick) ? Scope.Quick : Scope.Usual;
        GVisor? gVisor = scope == Scope.Full ? GVisor.TryBuild(parsed.GetValue(s_peers)!) : null;
        Build? before = scope == Scope.Full && parsed.GetValue(s_before) is { } root ? Build.In(root) : null;
        bool isQuick = scope == Scope.Quick;
        var plan = new SpeedPlan(
            [
                .. Rows(scope, gVisor is not null, before is not null)
                    .Select(row => Choose(row, parsed)).OfType<SpeedRow>(),
            ],
            parsed.GetValue(s_rounds) ?? (isQuick ? 3 : 5),
            parsed.GetValue(s_seconds) ?? (isQuick ? 1 : 5),
            parsed.GetValue(s_warmUp) ?? (isQuick ? 8 : 30));
        if (plan.Rows.Count == 0)
            throw new ArgumentException("No row has such a name and such a link: see --rows and --links.");
        if (plan.Rows.Any(row => row.Entries.Any(entry => entry.Contender.Cable != CableKind.None)))
            LabEnvironment.ThrowIfMissing();

        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, ReportColumns);
        AnsiConsole.WriteLine(Machine.Describe());
        AnsiConsole.WriteLine($"{plan.Rounds} rounds of {plan.Seconds} s, on {parsed.GetValue(s_cpus)} CPUs.");
        var settings = new StationSettings(parsed.GetValue(s_cpus), before, gVisor, cancelled);
        return Run(new SpeedRun(plan, settings, Console.Error), parsed, cancelled);
    }

    private static int Run(SpeedRun run, ParseResult parsed, CancellationToken cancelled)
    {
        long start = Stopwatch.GetTimestamp();
        Finding[] findings;
        try
        {
            findings = [.. run.Measure()];
        }
        catch (Exception) when (cancelled.IsCancellationRequested)
        {
            return Cancelled; // its processes ended before it, whatever they were at
        }

        AnsiConsole.Write(FindingTable.ToTable(findings));
        run.Notes.ForEach(AnsiConsole.WriteLine);
        AnsiConsole.WriteLine($"Took {Stopwatch.GetElapsedTime(start):hh\\:mm\\:ss}.");
        if (parsed.GetValue(s_json) is { } json)
            ReportFile.Write(json, findings);
        if (parsed.GetValue(s_markdown) is { } markdown)
            File.WriteAllText(markdown, FindingTable.ToMarkdown(findings));
        if (parsed.GetValue(s_svg) is { } svg)
            File.WriteAllText(svg, RatioChart.Draw(findings, Machine.Describe()));
        return run.HasFailed ? 1 : 0;
    }

    // Those of a scope; a build of before has the entries of ours once more.
    private static IEnumerable<SpeedRow> Rows(Scope scope, bool hasGVisor, bool hasBefore) =>
        from row in SpeedTable.All
        where row.Scope <= scope
        let entries = row.Entries.Where(entry => entry.Scope <= scope && (hasGVisor || !entry.Contender.IsGVisor))
        let before = entries.Where(entry => hasBefore && entry.Contender is { IsOurs: true, Shards: 1 })
            .Select(entry => new Entry(entry.Contender with { IsBefore = true }, entry.Scope))
        select row with { Entries = [.. entries, .. before] };

    private static SpeedRow? Choose(SpeedRow row, ParseResult parsed)
    {
        string? rows = parsed.GetValue(s_rows);
        string? links = parsed.GetValue(s_links);
        if (rows is not null && !row.Name.Contains(rows, StringComparison.OrdinalIgnoreCase))
            return null;

        Entry[] entries =
        [
            .. row.Entries.Where(entry => links is null || entry.Contender is { IsKernel: true } or { IsBare: true }
                || $"{entry.Contender}".Contains(links, StringComparison.OrdinalIgnoreCase)),
        ];
        return Array.Exists(entries, entry => entry.Contender is { IsKernel: false, IsBare: false })
            ? row with { Entries = entries }
            : null;
    }
}
