using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;
using UserTcp.Lab.Tests.Support;
using UserTcp.NetworkBenchmarks.Reports;

namespace UserTcp.NetworkBenchmarks.Speed;

/// <summary><c>speed</c>: against the kernel, and against gVisor's netstack, over good wires.</summary>
internal static class SpeedCommand
{
    private const int QuickRounds = 2;
    private const double QuickSeconds = 0.35;
    private const int ReportColumns = 140;

    public static Command Make()
    {
        var quick = new Option<bool>("--quick") { Description = "The main rows, within a minute." };
        var rounds = new Option<int>("--rounds")
        {
            Description = "How often all is measured.", DefaultValueFactory = _ => 5,
        };
        var seconds = new Option<double>("--seconds")
        {
            Description = "Of each measurement.", DefaultValueFactory = _ => 1.0,
        };
        var rows = new Option<string?>("--rows") { Description = "Only rows with this in their names." };
        var links = new Option<string?>("--links")
        {
            Description = "Only links with this in their names, beside the kernel.",
        };
        var peers = new Option<string>("--peers")
        {
            Description = "The folder whose build.sh makes the program on gVisor's netstack.",
            DefaultValueFactory = _ => Path.Combine("..", "shared", "peers"),
        };
        var json = new Option<string?>("--json") { Description = "The file for the report as JSON." };
        var svg = new Option<string?>("--svg") { Description = "The file for the bar chart." };
        var command = new Command("speed", "Throughput, turns, connections and memory, against the kernel's.")
        {
            quick, rounds, seconds, rows, links, peers, json, svg,
        };
        command.SetAction(parsed =>
        {
            bool isQuick = parsed.GetValue(quick);
            var plan = new SpeedPlan(
                [.. Choose(isQuick, parsed.GetValue(rows), parsed.GetValue(links))],
                isQuick ? QuickRounds : parsed.GetValue(rounds),
                isQuick ? QuickSeconds : parsed.GetValue(seconds));
            return Run(plan, parsed.GetValue(peers)!, parsed.GetValue(json), parsed.GetValue(svg));
        });
        return command;
    }

    private static IEnumerable<SpeedRow> Choose(bool isQuick, string? rows, string? links) =>
        from row in SpeedRow.All.Concat(SpeedRow.Idle)
        where !isQuick || row.IsMain
        where rows is null || row.Name.Contains(rows, StringComparison.OrdinalIgnoreCase)
        select links is null
            ? row
            : row with
            {
                Contenders = [.. row.Contenders.Where(contender => contender.IsKernel
                    || contender.Name.Contains(links, StringComparison.OrdinalIgnoreCase))],
            };

    private static int Run(SpeedPlan plan, string peers, string? json, string? svg)
    {
        LabEnvironment.ThrowIfMissing();
        long start = Stopwatch.GetTimestamp();
        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, ReportColumns);
        AnsiConsole.WriteLine(Machine.Describe());
        AnsiConsole.WriteLine(
            "CUBIC on both sides; both ends fill or look at every byte; each figure is the median of "
            + $"{plan.Rounds} rounds (least to greatest), in turns; "
            + "× is how much better than the kernel in the same round.");
        GVisor? gVisor = GVisor.TryBuild(peers);
        if (gVisor is null)
            AnsiConsole.WriteLine($"gVisor's netstack is left out: there is no {peers}.");

        using var run = new SpeedRun(plan, gVisor);
        if (AnsiConsole.Profile.Capabilities.Interactive)
            AnsiConsole.Status().Start("starting", run.Measure);
        else
            run.Measure(null);
        ReportRow[] report = [.. run.Report()];
        Print(report);
        foreach (string error in run.Errors)
        {
            AnsiConsole.WriteLine(error);
        }

        AnsiConsole.WriteLine($"Took {Stopwatch.GetElapsedTime(start):hh\\:mm\\:ss}.");
        if (json is not null)
            ReportFile.Write(json, report);
        if (svg is not null)
            File.WriteAllText(svg, RatioChart.Draw(report, Machine.Describe()));
        return run.Errors.Count == 0 ? 0 : 1;
    }

    private static void Print(IEnumerable<ReportRow> report)
    {
        var table = new Table();
        table.AddColumns("row", "link", "unit", "median", "least to greatest", "×");
        string last = "";
        foreach (ReportRow row in report)
        {
            if (row.Row != last && last.Length > 0)
                table.AddEmptyRow();
            table.AddRow(
                row.Row == last ? "" : row.Row, row.Link, row.Unit, Describe(row.Median),
                $"{Describe(row.Min)} to {Describe(row.Max)}", row.RatioToKernel is double ratio ? $"{ratio:F2}" : "");
            last = row.Row;
        }

        AnsiConsole.Write(table);
    }

    private static string Describe(double figure) => figure >= 1000 ? $"{figure:N0}" : $"{figure:G3}";
}
