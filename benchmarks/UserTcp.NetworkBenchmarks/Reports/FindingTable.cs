using System.Globalization;
using Spectre.Console;
using UserTcp.NetworkBenchmarks.Measuring;

namespace UserTcp.NetworkBenchmarks.Reports;

/// <summary>Findings as a table, for a terminal and as Markdown.</summary>
internal static class FindingTable
{
    private static readonly string[] s_columns =
    [
        "row", "link", "runs on", "unit", "median (least–greatest)", "× kernel", "× bare", "× one shard", "today", "at least", "aim",
        "verdict", "× before",
    ];

    /// <summary>For a terminal.</summary>
    public static Table ToTable(IEnumerable<Finding> findings)
    {
        var table = new Table();
        table.AddColumns(s_columns);
        string last = "";
        foreach (Finding finding in findings)
        {
            if (finding.Row != last && last.Length > 0)
                table.AddEmptyRow();
            string[] cells = Cells(finding);
            if (finding.Row == last)
                cells[0] = "";
            table.AddRow([.. cells.Select(cell => cell.EscapeMarkup())]);
            last = finding.Row;
        }

        return table;
    }

    /// <summary>For a document.</summary>
    public static string ToMarkdown(IEnumerable<Finding> findings)
    {
        IEnumerable<string[]> lines = [s_columns, [.. s_columns.Select(_ => "---")], .. findings.Select(Cells)];
        return string.Concat(lines.Select(cells => $"| {string.Join(" | ", cells)} |\n"));
    }

    private static string[] Cells(Finding finding) =>
    [
        finding.Row, finding.Link, finding.Scheduler, finding.Unit, Figures(finding.Figures), Ratio(finding.ToKernel),
        Ratio(finding.ToCeiling), Ratio(finding.ToOneShard), finding.Target is { } today ? today.Today ?? "–" : "",
        finding.Target is { } least ? Limit(least, least.AtLeast) : "",
        finding.Target is { } target ? Limit(target, target.Aim) : "", Describe(finding.Verdict),
        finding.IsNotWorse is { } isNotWorse ? $"{Ratio(finding.ToBefore)} {(isNotWorse ? "not worse" : "worse")}" : "",
    ];

    private static string Describe(Verdict verdict) => verdict switch
    {
        Verdict.Missed => "missed",
        Verdict.Passed => "passed",
        Verdict.AimReached => "aim reached",
        _ => "",
    };

    private static string Limit(Target target, double limit) => target.Basis switch
    {
        Basis.Kernel => Format($"{limit:0.0##} ×"),
        Basis.Ceiling => Format($"{limit:0.0##} × bare"),
        Basis.OneShard => Format($"{limit:0.0##} × one shard"),
        _ => Figure(limit),
    };

    private static string Figures(Spread spread) =>
        $"{Figure(spread.Median)} ({Figure(spread.Min)}–{Figure(spread.Max)})";

    private static string Figure(double figure) =>
        figure >= 1000 ? Format($"{figure:N0}") : Format($"{figure:G3}");

    private static string Ratio(Spread? ratio) =>
        ratio is { } r ? Format($"{r.Median:F2} ({r.Min:F2}–{r.Max:F2})") : "";

    private static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
