using System.CommandLine;
using System.Diagnostics;
using Spectre.Console;
using UserTcp.Lab.Tests.Support;
using UserTcp.NetworkBenchmarks.Measuring;
using UserTcp.NetworkBenchmarks.Reports;

namespace UserTcp.NetworkBenchmarks.BadWire;

/// <summary><c>badwire</c>: against the kernel over wires that lose and delay.</summary>
internal static class BadWireCommand
{
    private const double QuickShare = 0.06;
    private const int ReportColumns = 160;
    private static readonly double[] s_losses = [0, 1, 3];
    private static readonly int[] s_roundTrips = [10, 50, 200];

    public static Command Make()
    {
        var quick = new Option<bool>("--quick") { Description = "One round with few transfers, within five minutes." };
        var rounds = new Option<int>("--rounds")
        {
            Description = "How often all is measured.", DefaultValueFactory = _ => 3,
        };
        var losses = new Option<double[]>("--loss")
        {
            Description = "Percent of the frames.", DefaultValueFactory = _ => s_losses,
            AllowMultipleArgumentsPerToken = true,
        };
        var roundTrips = new Option<int[]>("--rtt")
        {
            Description = "Milliseconds.", DefaultValueFactory = _ => s_roundTrips,
            AllowMultipleArgumentsPerToken = true,
        };
        var transfers = new Option<int>("--transfers")
        {
            Description = "Of each size, side, cell and round.", DefaultValueFactory = _ => 100,
        };
        var wires = new Option<int>("--wires")
        {
            Description = "Transfers at once, each on a wire of its own.", DefaultValueFactory = _ => 20,
        };
        var seed = new Option<int>("--seed") { Description = "Decides what is lost.", DefaultValueFactory = _ => 1 };
        var json = new Option<string?>("--json") { Description = "The file for the report as JSON." };
        var command = new Command("badwire", "Goodput and transfer times over bad wires, against the kernel's.")
        {
            quick, rounds, losses, roundTrips, transfers, wires, seed, json,
        };
        command.SetAction((parsed, cancelled) =>
        {
            bool isQuick = parsed.GetValue(quick);
            double share = isQuick ? QuickShare : 1;
            var plan = new BadWirePlan(
                [.. from loss in parsed.GetValue(losses)! from rtt in parsed.GetValue(roundTrips)!
                    select new Cell(loss, rtt)],
                isQuick ? 1 : parsed.GetValue(rounds),
                (int)(parsed.GetValue(transfers) * share),
                TimeSpan.FromSeconds(isQuick ? 3 : 20),
                parsed.GetValue(wires),
                parsed.GetValue(seed));
            return RunAsync(plan, parsed.GetValue(json)).WaitAsync(cancelled);
        });
        return command;
    }

    private static async Task<int> RunAsync(BadWirePlan plan, string? jsonFile)
    {
        LabEnvironment.ThrowIfMissing();
        using (var self = Process.GetCurrentProcess())
        {
            self.PriorityClass = ProcessPriorityClass.High;
        }

        AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, ReportColumns);
        AnsiConsole.WriteLine(Machine.Describe());
        AnsiConsole.WriteLine(
            "100 Mbit/s, loss in both directions, queue of one bandwidth-delay product; offloads off; CUBIC on both "
            + "sides; UserTcp over pcap; above 1 is better than the kernel in the same round.");
        long start = Stopwatch.GetTimestamp();
        await using BadWireRun run = await BadWireRun.StartAsync(plan);
        await run.MeasureAsync();
        Print(run);
        AnsiConsole.WriteLine(
            $"Took {Stopwatch.GetElapsedTime(start):hh\\:mm\\:ss}. Frames were handed over late by "
            + $"{run.Lateness.Mean:F0} µs on average at most, {run.Lateness.Most / 1000:F1} ms the latest.");
        if (jsonFile is not null)
        {
            ReportFile.Write(jsonFile,
                run.Samples.SelectMany(samples => Enum.GetValues<Side>().Select(samples.ToRow)));
        }

        return 0;
    }

    private static void Print(BadWireRun run)
    {
        var table = new Table();
        table.AddColumns("loss", "RTT", "workload", "kernel", "UserTcp sends", "ratio", "UserTcp receives", "ratio");
        foreach (Samples samples in run.Samples)
        {
            table.AddRow(
                $"{samples.Cell.LossPercent} %", $"{samples.Cell.RttMilliseconds} ms",
                $"{samples.Workload.Name}, {samples.Workload.Unit}",
                Describe(samples.Of(Side.Kernel)),
                Describe(samples.Of(Side.Sending)), $"{samples.Ratio(Side.Sending):F2}",
                Describe(samples.Of(Side.Receiving)), $"{samples.Ratio(Side.Receiving):F2}");
        }

        AnsiConsole.Write(table);
        foreach (Side side in new[] { Side.Sending, Side.Receiving })
        {
            Samples least = run.Samples.MinBy(samples => samples.Ratio(side))!;
            AnsiConsole.WriteLine($"{side}: median ratio {run.Samples.Select(s => s.Ratio(side)).Median():F2}, least "
                + $"{least.Ratio(side):F2} ({least.Cell}, {least.Workload.Name}).");
        }
    }

    private static string Describe(List<double> figures) =>
        $"{figures.Median():F1} ({figures.Min():F1}–{figures.Max():F1})";
}
